import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { SlackHttpVerbs } from '../../../emulators/slack/slack-emulator.ts';
import { channelOnStage, type ChannelOnStage } from '../../../fixtures/slack-channel-on-stage.ts';

const MINUTE_MS = 60_000;

interface OverHttp extends ChannelOnStage {
  people: SlackHttpVerbs;
  url: string;
}

/** A port nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function overHttp(port?: number): Promise<OverHttp> {
  const chosen = port ?? (await freePort());
  const there = await channelOnStage({
    environment: ({ slack }) => ({
      SLACK_SIGNING_SECRET: slack.signingSecret,
      AIRLOCK_SLACK_PORT: String(chosen),
    }),
  });
  const url = `http://127.0.0.1:${chosen}/slack/events`;
  return { ...there, url, people: there.slack.httpReceiver({ url }) };
}

describe('the HTTP receiver', () => {
  test('takes signed requests, and opens no socket', async () => {
    await using there = await overHttp();
    await there.bot.start(there.inbox);

    const delivery = await there.people.slash({ user: there.ann, channel: there.channel, text: 'list' });

    expect(delivery).toMatchObject({ acked: true, status: 200 });
    expect(there.inbox.requests).toHaveLength(1);
    expect(there.slack.connections).toBe(0);
    expect(there.bot.health().state).toBe('up');
  });

  test.each([
    ['forged', { forged: true }],
    ['unsigned', { unsigned: true }],
    ['five minutes and a second old', { shiftMs: -5 * MINUTE_MS - 1000 }],
    ['five minutes and a second ahead', { shiftMs: 5 * MINUTE_MS + 1000 }],
  ])('refuses a request that is %s with 401', async (_, spoilt) => {
    await using there = await overHttp();
    await there.bot.start(there.inbox);
    there.people.sign(spoilt);

    const delivery = await there.people.slash({ user: there.ann, channel: there.channel, text: 'list' });

    expect(delivery).toMatchObject({ acked: false, status: 401 });
    expect(there.inbox.requests).toEqual([]);
  });

  test.each([-5, 5])('takes a request that is signed %s minutes away', async (minutes) => {
    await using there = await overHttp();
    await there.bot.start(there.inbox);
    there.people.sign({ shiftMs: minutes * MINUTE_MS });

    const delivery = await there.people.slash({ user: there.ann, channel: there.channel, text: 'list' });

    expect(delivery.status).toBe(200);
  });

  test('refuses a replay as soon as its signature is too old', async () => {
    await using there = await overHttp();
    await there.bot.start(there.inbox);
    await there.people.slash({ user: there.ann, channel: there.channel, text: 'list' });

    there.clock.advance(5 * MINUTE_MS + 1000);
    const replayed = await there.people.replay();

    expect(replayed.status).toBe(401);
    expect(replayed.body).toContain('5 minutes');
    expect(there.inbox.requests).toHaveLength(1);
  });

  test('answers the check of the certificate, and never works on what is smuggled in with it', async () => {
    await using there = await overHttp();
    await there.bot.start(there.inbox);

    const response = await fetch(there.url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        ssl_check: '1',
        command: '/agent',
        text: 'list',
        user_id: there.ann,
        team_id: there.slack.team,
        channel_id: there.channel,
        trigger_id: 't1',
      }).toString(),
    });

    expect(response.status).toBe(200);
    expect(there.inbox.requests).toEqual([]);
  });

  test('answers other paths, other methods and bodies beyond measure without looking at them', async () => {
    await using there = await overHttp();
    await there.bot.start(there.inbox);

    const elsewhere = await fetch(new URL('/other', there.url), { method: 'POST', body: 'x' });
    const looking = await fetch(there.url);
    const flood = await fetch(there.url, { method: 'POST', body: 'x'.repeat(2 * 1024 * 1024) });

    expect([elsewhere.status, looking.status, flood.status]).toEqual([404, 405, 413]);
  });

  test('asks Slack to come again while it does not know yet who it is', async () => {
    await using there = await overHttp();
    there.slack.faults.next('auth.test', { kind: 'status', status: 503 });
    await there.bot.start(there.inbox);
    expect(there.bot.health().state).toBe('down');

    const early = await there.people.slash({ user: there.ann, channel: there.channel, text: 'list' });
    expect(early.status).toBe(503);
    there.clock.advance(2000);
    await there.asked('auth.test', 2);
    await expect.poll(() => there.bot.health().state).toBe('up');

    const late = await there.people.slash({ user: there.ann, channel: there.channel, text: 'list' });
    expect(late.status).toBe(200);
  });

  test('a port that is taken fails the start, and says what to do', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    await using there = await overHttp((taken.address() as AddressInfo).port);

    await expect(there.bot.start(there.inbox)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('EADDRINUSE'),
      hint: expect.stringContaining('AIRLOCK_SLACK_PORT'),
    });
    taken.close();
  });

  test('a stop closes connections that are kept alive, and frees the port', async () => {
    const port = await freePort();
    const there = await overHttp(port);
    await there.bot.start(there.inbox);
    await there.people.slash({ user: there.ann, channel: there.channel, text: 'list' });

    await there[Symbol.asyncDispose]();

    const next = createServer().listen(port, '127.0.0.1');
    await once(next, 'listening');
    next.close();
    await once(next, 'close');
  });
});
