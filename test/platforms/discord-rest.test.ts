import { expect, it } from 'vitest';
import { createManualClock } from '../fakes/manual-clock.ts';
import { startRawClient } from './discord-raw-client.ts';

const SEND = 'POST /channels/:channel/messages' as const;

it('asks for the token of the bot and for version 10', async () => {
  await using raw = await startRawClient();

  expect(await raw.call('GET', '/users/@me', undefined, { authorization: 'Bot wrong' })).toMatchObject({
    status: 401,
  });
  expect((await fetch(`${raw.discord.apiUrl}/v9/users/@me`)).status).toBe(404);
  expect(await raw.call('GET', '/nowhere')).toMatchObject({ status: 404 });
  expect(raw.rules()).toEqual(['unknown-endpoint', 'unknown-endpoint']);
});

it('knows what is not there', async () => {
  await using raw = await startRawClient();
  const { channel } = raw;
  const absent: readonly [string, string, number][] = [
    ['GET', '/channels/1', 10003],
    ['POST', '/channels/1/messages', 10003],
    ['GET', `/channels/${channel}/messages/1`, 10008],
    ['PATCH', `/channels/${channel}/messages/1`, 10008],
    ['GET', '/guilds/1', 10004],
    ['GET', `/guilds/${raw.discord.guild.id}/members/1`, 10007],
    ['GET', '/users/1', 10013],
    ['POST', '/webhooks/1/token', 10015],
  ];

  for (const [method, path, code] of absent) {
    const body = method === 'GET' ? undefined : { content: 'a' };
    expect(await raw.call(method, path, body)).toMatchObject({ status: 404, code });
  }
  expect(raw.rules()).toEqual([]);
});

it('tells members, roles and channels of the guild', async () => {
  await using raw = await startRawClient();
  const role = raw.discord.addRole('approver');
  raw.discord.setRoles(raw.user, [role]);
  const guild = `/guilds/${raw.discord.guild.id}`;

  expect((await raw.call('GET', `${guild}/members/${raw.user}`)).body).toMatchObject({ roles: [role] });
  expect(Object.values((await raw.call('GET', `${guild}/roles`)).body)).toContainEqual(
    expect.objectContaining({ id: role, name: 'approver' }),
  );
  expect(Object.values((await raw.call('GET', `${guild}/channels`)).body)).toMatchObject([
    { id: raw.channel },
  ]);
});

it('refuses what the bot has no permission for', async () => {
  await using raw = await startRawClient();
  const path = `/channels/${raw.channel}/messages`;
  const message = await raw.post();

  raw.discord.setPermissions(raw.channel, []);
  expect(await raw.call('POST', path, { content: 'a' })).toMatchObject({ status: 403, code: 50001 });
  expect(await raw.call('GET', `/channels/${raw.channel}`)).toMatchObject({ status: 403, code: 50001 });
  raw.discord.setPermissions(raw.channel, ['ViewChannel']);
  expect(await raw.call('POST', path, { content: 'a' })).toMatchObject({ status: 403, code: 50013 });
  expect(await raw.call('POST', `${path}/${message}/threads`, { name: 'a' })).toMatchObject({ code: 50013 });
  raw.discord.setPermissions(raw.channel, ['ViewChannel', 'SendMessages']);
  expect(await raw.upload(path, {}, [{ name: 'a', bytes: 1 }])).toMatchObject({ status: 403, code: 50013 });
  expect(raw.rules()).toEqual([]);
});

it('refuses to change what somebody else wrote', async () => {
  await using raw = await startRawClient();
  const { id } = raw.discord.say({ user: raw.user, channel: raw.channel, text: 'mine' });
  expect(await raw.call('PATCH', `/channels/${raw.channel}/messages/${id}`, { content: 'b' })).toMatchObject({
    code: 50005,
  });
});

it('sends a direct message, unless the person takes none', async () => {
  await using raw = await startRawClient();
  const shy = raw.discord.addUser({ dm: false });
  const open = async (user: string) =>
    String((await raw.call('POST', '/users/@me/channels', { recipient_id: user })).body['id']);

  await raw.post({ content: 'psst' }, await open(raw.user));
  expect(raw.discord.directMessages(raw.user)).toMatchObject([{ content: 'psst' }]);
  expect(await raw.call('POST', `/channels/${await open(shy)}/messages`, { content: 'a' })).toMatchObject({
    status: 403,
    code: 50007,
  });
});

it('lists messages newest first, before and after one', async () => {
  await using raw = await startRawClient();
  const ids = [await raw.post(), await raw.post(), await raw.post()];
  const list = async (query: string) =>
    Object.values((await raw.call('GET', `/channels/${raw.channel}/messages?${query}`)).body).map((message) =>
      ids.indexOf((message as { id: string }).id),
    );

  expect(await list('limit=2')).toEqual([2, 1]);
  expect(await list(`before=${ids[1]}`)).toEqual([0]);
  expect(await list(`after=${ids[0]}`)).toEqual([2, 1]);
});

it('keeps one thread for a message, and no thread in a thread', async () => {
  await using raw = await startRawClient();
  const message = await raw.post();
  const path = `/channels/${raw.channel}/messages/${message}/threads`;

  expect(await raw.call('POST', path, { name: 'n'.repeat(101) })).toMatchObject({ code: 50035 });
  expect(await raw.call('POST', path, { name: 'a', auto_archive_duration: 61 })).toMatchObject({
    code: 50035,
  });
  expect(await raw.call('POST', path, { name: 'a', auto_archive_duration: 60 })).toMatchObject({
    status: 201,
  });
  expect(await raw.call('POST', path, { name: 'a' })).toMatchObject({ code: 160004 });
  expect(await raw.call('POST', `/channels/${message}/threads`, { name: 'a', type: 11 })).toMatchObject({
    code: 50024,
  });
  expect(raw.discord.messages(raw.channel)[0]).toMatchObject({
    flags: 32,
    thread: { id: message, name: 'a' },
  });
});

it('caps the active threads', async () => {
  await using raw = await startRawClient({ limits: { activeThreads: 1 } });
  const start = () => raw.call('POST', `/channels/${raw.channel}/threads`, { name: 'a', type: 11 });

  const first = String((await start()).body['id']);
  expect(await start()).toMatchObject({ code: 160006 });
  raw.discord.archive(first);
  expect(await start()).toMatchObject({ status: 201 });
  expect(await raw.call('PATCH', `/channels/${first}`, { archived: false })).toMatchObject({ code: 160006 });
});

it('holds an archived thread still until a message or an unarchiving opens it', async () => {
  await using raw = await startRawClient();
  const thread = String(
    (await raw.call('POST', `/channels/${raw.channel}/threads`, { name: 'a', type: 11 })).body['id'],
  );
  const message = await raw.post({ content: 'a' }, thread);
  const edit = () => raw.call('PATCH', `/channels/${thread}/messages/${message}`, { content: 'b' });
  raw.discord.archive(thread);

  expect(await edit()).toMatchObject({ status: 400, code: 50083 });
  expect(await raw.call('PATCH', `/channels/${thread}`, { name: 'b' })).toMatchObject({ code: 50083 });
  expect(await raw.call('PATCH', `/channels/${thread}`, { name: 'b', archived: false })).toMatchObject({
    status: 200,
  });
  expect(await edit()).toMatchObject({ status: 200 });
  raw.discord.archive(thread);
  await raw.post({ content: 'c' }, thread);
  expect(await edit()).toMatchObject({ status: 200 });
  raw.discord.archive(thread, { locked: true });
  expect(await raw.call('POST', `/channels/${thread}/messages`, { content: 'd' })).toMatchObject({
    code: 50083,
  });
  raw.discord.setPermissions(raw.channel, ['ViewChannel', 'SendMessagesInThreads']);
  expect(await raw.call('PATCH', `/channels/${thread}`, { archived: false })).toMatchObject({ code: 50013 });
  expect(raw.rules()).toEqual([]);
});

it('archives an idle thread by itself', async () => {
  const clock = createManualClock();
  await using raw = await startRawClient({ clock });
  const made = await raw.call('POST', `/channels/${raw.channel}/threads`, {
    name: 'a',
    type: 11,
    auto_archive_duration: 60,
  });
  const archived = () => raw.discord.threads(raw.channel)[0]?.thread_metadata.archived;
  clock.advance(59 * 60_000);
  await raw.post({ content: 'busy' }, String(made.body['id']));
  clock.advance(59 * 60_000);
  expect(archived()).toBe(false);
  clock.advance(60_000);
  expect(archived()).toBe(true);
});

it('lets a thread be renamed twice in ten minutes', async () => {
  await using raw = await startRawClient();
  const thread = String(
    (await raw.call('POST', `/channels/${raw.channel}/threads`, { name: 'a', type: 11 })).body['id'],
  );
  const rename = (name: string) => raw.call('PATCH', `/channels/${thread}`, { name });

  expect((await rename('b')).status).toBe(200);
  expect((await rename('b')).status).toBe(200);
  expect((await rename('c')).status).toBe(200);
  const refused = await rename('d');
  expect(refused).toMatchObject({ status: 429, body: { global: false } });
  expect(Number(refused.body['retry_after'])).toBeGreaterThan(599);
  expect(raw.rules()).toEqual(['renames']);
  raw.discord.clock.advance(600_000);
  expect((await rename('d')).status).toBe(200);
});

it('limits a route for each channel and tells of it in the headers', async () => {
  await using raw = await startRawClient({ clock: createManualClock() });
  const message = await raw.post();
  const edit = (content: string) =>
    raw.call('PATCH', `/channels/${raw.channel}/messages/${message}`, { content });

  const first = await edit('1');
  expect(Object.fromEntries(first.headers)).toMatchObject({
    'x-ratelimit-limit': '5',
    'x-ratelimit-remaining': '4',
    'x-ratelimit-reset-after': '5.000',
    'x-ratelimit-bucket': expect.any(String),
  });
  for (const content of ['2', '3', '4', '5']) expect((await edit(content)).status).toBe(200);
  const sixth = await edit('6');
  expect(sixth).toMatchObject({ status: 429, body: { retry_after: 5, global: false } });
  expect(sixth.headers.get('retry-after')).toBe('5');
  expect(raw.rules()).toEqual(['rate-limit']);
  raw.discord.clock.advance(5_000);
  expect((await edit('7')).status).toBe(200);
});

it('limits the bot to 50 requests in a second, interactions apart', async () => {
  await using raw = await startRawClient({ clock: createManualClock(), limits: { requestsPerSecond: 2 } });
  const me = () => raw.call('GET', '/users/@me');

  await me();
  await me();
  const third = await me();
  expect(third).toMatchObject({ status: 429, body: { global: true } });
  expect(third.headers.get('x-ratelimit-global')).toBe('true');
  expect(await raw.call('POST', '/interactions/1/token/callback', { type: 5 })).toMatchObject({
    code: 10062,
  });
  raw.discord.clock.advance(1_000);
  expect((await me()).status).toBe(200);
});

it('bans an address after too many invalid requests, for ten minutes', async () => {
  await using raw = await startRawClient({ limits: { invalidRequests: 2 } });
  const wrong = () => raw.call('GET', '/users/@me', undefined, { authorization: 'Bot wrong' });
  await wrong();
  await wrong();

  expect((await raw.call('GET', '/users/@me')).headers.get('content-type')).toBe('text/html');
  expect(raw.rules()).toEqual(['banned']);
  raw.discord.clock.advance(600_000);
  expect((await raw.call('GET', '/users/@me')).status).toBe(200);
});

it('caps edits of messages that are older than an hour', async () => {
  await using raw = await startRawClient({ clock: createManualClock(), limits: { oldEdits: 1 } });
  const message = await raw.post();
  const edit = (content: string) =>
    raw.call('PATCH', `/channels/${raw.channel}/messages/${message}`, { content });
  raw.discord.clock.advance(60 * 60_000 + 1);

  expect((await edit('1')).status).toBe(200);
  expect(await edit('2')).toMatchObject({ status: 429, code: 30046 });
  raw.discord.clock.advance(60 * 60_000);
  expect((await edit('3')).status).toBe(200);
});

it('answers with the errors that a test orders', async () => {
  await using raw = await startRawClient();
  const path = `/channels/${raw.channel}/messages`;
  raw.discord.faults.rest(SEND, { kind: 'error', status: 500 });
  raw.discord.faults.rest(SEND, { kind: 'error', status: 403, code: 50013, message: 'Missing Permissions' });
  raw.discord.faults.rest('*', { kind: 'rate-limit', retryAfterMs: 1_500, global: true });

  expect(await raw.call('POST', path, { content: 'a' })).toMatchObject({ status: 500, code: 0 });
  expect(await raw.call('POST', path, { content: 'a' })).toMatchObject({ status: 403, code: 50013 });
  expect(await raw.call('POST', path, { content: 'a' })).toMatchObject({
    status: 429,
    body: { global: true },
  });
  expect(await raw.call('GET', '/users/@me')).toMatchObject({ status: 429, body: { global: true } });
  raw.discord.clock.advance(1_500);
  expect(await raw.call('POST', path, { content: 'a' })).toMatchObject({ status: 200 });
  expect(raw.discord.calls.map(({ status }) => status)).toEqual([500, 403, 429, 429, 200]);
});

it.each([
  [false, 0],
  [true, 1],
])('cuts a connection, landed: %s', async (landed, messages) => {
  await using raw = await startRawClient();
  raw.discord.faults.rest(SEND, { kind: 'drop', landed });

  await expect(raw.post()).rejects.toThrow('fetch failed');
  expect(raw.discord.messages(raw.channel)).toHaveLength(messages);
  expect(raw.discord.calls).toMatchObject([{ route: SEND, status: null }]);
});

it.each([
  [false, 0],
  [true, 1],
])('never answers, landed: %s', async (landed, messages) => {
  await using raw = await startRawClient();
  raw.discord.faults.rest(SEND, { kind: 'hang', landed });
  const posted = raw.post();
  posted.catch(() => {});

  await raw.discord.until(
    () => raw.discord.calls.length === 1 && raw.discord.messages(raw.channel).length === messages,
  );
  await raw.discord.close();
  await expect(posted).rejects.toThrow('fetch failed');
});

it('holds an answer back until the test lets go', async () => {
  await using raw = await startRawClient();
  const gate = Promise.withResolvers<undefined>();
  raw.discord.faults.rest(SEND, { kind: 'hold', until: gate.promise });
  const posted = raw.post();
  await raw.discord.until(() => raw.discord.calls.length === 1);
  expect(raw.discord.messages(raw.channel)).toEqual([]);

  gate.resolve(undefined);
  await posted;
  expect(raw.discord.messages(raw.channel)).toHaveLength(1);
});

it('gives up waiting for what does not happen, and at once when it is closed', async () => {
  const raw = await startRawClient();
  await expect(raw.discord.until(() => false, 10)).rejects.toThrow('not within 10 ms');
  const waiting = raw.discord.until(() => false);
  waiting.catch(() => {});
  await raw.discord.close();
  await raw.discord.close();
  await expect(waiting).rejects.toThrow('closed');
});
