import { expect, it } from 'vitest';
import { createManualClock } from '../fakes/manual-clock.ts';
import { startRawClient } from './discord-raw-client.ts';

const GUILDS = 1;
const GUILD_MESSAGES = 1 << 9;
const MESSAGE_CONTENT = 1 << 15;
const properties = { os: 'x', browser: 'x', device: 'x' };

it('greets, identifies and tells of the guild', async () => {
  await using raw = await startRawClient();
  using gateway = await raw.identify();

  expect((await gateway.next(10)).d).toMatchObject({ heartbeat_interval: 41_250 });
  expect(await gateway.next('READY')).toMatchObject({
    s: 1,
    d: {
      v: 10,
      user: { id: raw.discord.botUserId, bot: true },
      resume_gateway_url: expect.stringMatching(/^ws:\/\/127/),
    },
  });
  expect(await gateway.next('GUILD_CREATE')).toMatchObject({
    s: 2,
    d: { id: raw.discord.guild.id, channels: [{ id: raw.channel }], unavailable: false },
  });
});

it('answers a heartbeat, unless a test keeps the ack back', async () => {
  await using raw = await startRawClient();
  using gateway = await raw.identify();
  raw.discord.gateway.dropAcks(1);
  gateway.send(1, null);
  await raw.discord.until(() => raw.discord.gateway.heartbeats === 1);
  expect(gateway.received.some(({ op }) => op === 11)).toBe(false);
  gateway.send(1, 2);
  expect(await gateway.next(11)).toMatchObject({ op: 11 });
});

it('closes a connection without heartbeats, and the session can be resumed', async () => {
  await using raw = await startRawClient({ heartbeatMs: 20 });
  using gateway = await raw.identify();
  expect(await gateway.closed).toBe(4009);
  await raw.discord.until(() => raw.discord.gateway.connections === 0);
  expect(raw.discord.gateway.sessions).toMatchObject([{ connected: false }]);
});

it.each([
  ['a wrong token', { token: 'wrong', intents: 1, properties }, 4004],
  ['an intent that does not exist', { intents: 2 ** 30, properties }, 4013],
  ['a privileged intent that was not granted', { intents: MESSAGE_CONTENT, properties }, 4014],
  ['a body without properties', { intents: 1 }, 4002],
])('closes on %s', async (_, body, code) => {
  await using raw = await startRawClient();
  using gateway = await raw.connect();
  gateway.send(2, { token: raw.discord.botToken, ...body });
  expect(await gateway.closed).toBe(code);
});

it.each([
  ['v=9&encoding=json', 4012],
  ['v=10&encoding=etf', 4002],
])('closes a connection with %s', async (query, code) => {
  await using raw = await startRawClient();
  using gateway = await raw.connect(query);
  expect(await gateway.closed).toBe(code);
});

it.each([
  ['an unknown op', 99, {}, 4001],
  ['a second identify', 2, { token: 'any', intents: 1, properties }, 4005],
  ['more than 4096 bytes', 3, { name: 'x'.repeat(4096) }, 4002],
])('closes on %s', async (_, op, body, code) => {
  await using raw = await startRawClient();
  using gateway = await raw.identify();
  gateway.send(op, body);
  expect(await gateway.closed).toBe(code);
});

it('takes 120 messages of a client in a minute', async () => {
  await using raw = await startRawClient({ limits: { gatewaySends: 3 } });
  using gateway = await raw.identify();
  for (const _ of [2, 3, 4]) gateway.send(1, null);
  expect(await gateway.closed).toBe(4008);
  expect(raw.rules()).toEqual(['gateway-sends']);
});

it('tells a client that identifies too fast to wait', async () => {
  const clock = createManualClock();
  await using raw = await startRawClient({ clock });
  using _first = await raw.identify();
  using second = await raw.connect();
  second.send(2, { token: raw.discord.botToken, intents: 1, properties });
  expect(await second.next(9)).toMatchObject({ d: false });
  expect(raw.rules()).toEqual([]);
  clock.advance(5_000);
  second.send(2, { token: raw.discord.botToken, intents: 1, properties });
  await second.next('READY');
});

it('resets the token when the identifies of a day are used up', async () => {
  const clock = createManualClock();
  await using raw = await startRawClient({ clock, limits: { identifies: 1 } });
  const token = raw.discord.botToken;
  using _first = await raw.identify();
  expect((await raw.call('GET', '/gateway/bot')).body).toMatchObject({
    session_start_limit: { total: 1, remaining: 0, max_concurrency: 1 },
  });
  clock.advance(5_000);
  using second = await raw.connect();
  second.send(2, { token, intents: 1, properties });

  expect(await second.closed).toBe(4004);
  expect(raw.discord.botToken).not.toBe(token);
  expect(raw.rules()).toEqual(['identify-budget']);
});

it('replays on resume what the client has not seen', async () => {
  await using raw = await startRawClient();
  using first = await raw.identify();
  const { d } = await first.next('READY');
  raw.discord.gateway.close(4000);
  await raw.discord.until(() => raw.discord.gateway.connections === 0);
  raw.discord.addChannel({ name: 'meanwhile' });
  using second = await raw.connect();
  const session = (d as { session_id: string }).session_id;
  second.send(6, { token: raw.discord.botToken, session_id: session, seq: 2 });

  expect(await second.next('CHANNEL_CREATE')).toMatchObject({ s: 3, d: { name: 'meanwhile' } });
  await second.next('RESUMED');
  expect(raw.discord.gateway.resumes).toBe(1);
});

it.each([
  ['the client has closed it with 1000', 1000, 0],
  ['it was lost for too long', 4000, 3 * 60_000],
])('does not resume a session when %s', async (_, code, waitMs) => {
  const clock = createManualClock();
  await using raw = await startRawClient({ clock });
  using first = await raw.identify();
  const { d } = await first.next('READY');
  raw.discord.gateway.close(code);
  await first.closed;
  await raw.discord.until(() => raw.discord.gateway.connections === 0);
  clock.advance(waitMs);
  using second = await raw.connect();
  const session = (d as { session_id: string }).session_id;
  second.send(6, { token: raw.discord.botToken, session_id: session, seq: 2 });
  expect(await second.next(9)).toMatchObject({ d: false });
});

it('tells of messages only to those who asked, and their content only to those who may read it', async () => {
  await using raw = await startRawClient({ clock: createManualClock(), privileged: ['message-content'] });
  using nothing = await raw.identify(GUILDS);
  raw.discord.clock.advance(5_000);
  using blind = await raw.identify(GUILDS | GUILD_MESSAGES);
  raw.discord.clock.advance(5_000);
  using reader = await raw.identify(GUILDS | GUILD_MESSAGES | MESSAGE_CONTENT);
  raw.discord.say({ user: raw.user, channel: raw.channel, text: 'secret' });

  expect((await blind.next('MESSAGE_CREATE')).d).toMatchObject({ content: '' });
  expect((await reader.next('MESSAGE_CREATE')).d).toMatchObject({ content: 'secret' });
  expect(nothing.received.some(({ t }) => t === 'MESSAGE_CREATE')).toBe(false);
});

it('is away when a test says so', async () => {
  await using raw = await startRawClient();
  raw.discord.gateway.accepting = false;
  expect((await raw.call('GET', '/gateway/bot')).status).toBe(503);
  await expect(raw.connect()).rejects.toThrow('503');
});
