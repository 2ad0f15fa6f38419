/** Sockets, signed requests, and everything that goes wrong between the app and the platform. */
import { webApi } from '@slack/bolt';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Json, SlackEmulator, SlackFault } from '../emulators/slack/slack-emulator.ts';
import { boltOverHttp, boltOverSocket, callSlack, slackStage } from '../fixtures/slack-app.ts';

/** A bare socket that keeps what it was told. */
async function openSocket(slack: SlackEmulator) {
  const { body } = await callSlack(slack, 'apps.connections.open', {}, slack.appToken);
  const socket = new WebSocket(String(body['url']));
  const told: Json[] = [];
  const closed = Promise.withResolvers<void>();
  socket.on('message', (data) => {
    if (Buffer.isBuffer(data)) told.push(JSON.parse(data.toString('utf8')));
  });
  socket.on('close', () => closed.resolve());
  socket.on('error', () => closed.resolve());
  return { socket, told, closed: closed.promise, url: String(body['url']) };
}

describe('Socket Mode', () => {
  test('greets, hands out an envelope and takes its answer', async () => {
    await using stage = await slackStage();
    const { slack, ann, channel } = stage;
    const { socket, told } = await openSocket(slack);
    await slack.connected();

    const delivering = slack.slash({ user: ann, channel, text: 'a & b' });
    await expect.poll(() => told).toHaveLength(2);
    socket.send(JSON.stringify({ envelope_id: told[1]?.['envelope_id'], payload: { text: 'yes' } }));
    const delivery = await delivering;

    expect(told[0]).toMatchObject({
      type: 'hello',
      num_connections: 1,
      connection_info: { app_id: slack.appId },
    });
    expect(told[1]).toMatchObject({
      type: 'slash_commands',
      accepts_response_payload: true,
      payload: { command: '/agent', text: 'a &amp; b', team_id: slack.team, user_id: ann },
    });
    expect(delivery).toMatchObject({ acked: true, body: { text: 'yes' } });
    expect(slack.violations).toEqual([]);
  });

  test('lets nobody in twice with one ticket, or without', async () => {
    await using stage = await slackStage();
    const first = await openSocket(stage.slack);
    await stage.slack.connected();

    const again = new WebSocket(first.url);
    const refused = await new Promise((resolve) => again.on('error', resolve));

    expect(String(refused)).toContain('403');
    expect(stage.slack.connections).toBe(1);
  });

  test('turns the eleventh socket away', async () => {
    await using stage = await slackStage({ budgets: { 'apps.connections.open': Number.POSITIVE_INFINITY } });
    for (let count = 1; count <= 10; count++) {
      await openSocket(stage.slack);
      await stage.slack.connected(count);
    }

    const eleventh = await openSocket(stage.slack);
    await eleventh.closed;

    expect(eleventh.told).toMatchObject([{ type: 'disconnect', reason: 'too_many_websockets' }]);
    expect(stage.slack.connections).toBe(10);
    expect(stage.slack.violations).toMatchObject([{ rule: 'connections' }]);
  });

  test('warns, asks for a refresh, and cuts who stays', async () => {
    await using stage = await slackStage();
    const { told, closed } = await openSocket(stage.slack);
    await stage.slack.connected();

    stage.slack.refresh();
    await expect.poll(() => told).toHaveLength(3);
    stage.clock.advance(10_000);
    await closed;

    expect(told.slice(1)).toMatchObject([
      { type: 'disconnect', reason: 'warning' },
      { type: 'disconnect', reason: 'refresh_requested' },
    ]);
  });

  test('Bolt comes back after a refresh', async () => {
    await using stage = await slackStage();
    const { slack, ann, channel } = stage;
    await using _bolt = await boltOverSocket(slack, (app) =>
      app.command('/agent', async ({ ack }) => await ack()),
    );

    slack.refresh();
    await slack.disconnected();
    const inBetween = await slack.slash({ user: ann, channel, text: '' });
    await slack.connected();
    const after = await slack.slash({ user: ann, channel, text: '' });

    expect(inBetween).toMatchObject({ acked: false });
    expect(after).toMatchObject({ acked: true });
    expect(slack.violations).toEqual([]);
  });

  test('spreads what it delivers over the sockets, and gives up what a cut socket held', async () => {
    await using stage = await slackStage();
    const { slack, ann, channel } = stage;
    const one = await openSocket(slack);
    const two = await openSocket(slack);
    await slack.connected(2);

    const delivering = [1, 2].map(() => slack.slash({ user: ann, channel, text: '' }));
    await expect.poll(() => [one.told.length, two.told.length]).toEqual([2, 2]);
    slack.disconnect();

    expect(await Promise.all(delivering)).toMatchObject([{ acked: false }, { acked: false }]);
    expect(slack.violations).toEqual([]);
  });

  test('answers no ping and delivers nothing while frozen', async () => {
    await using stage = await slackStage();
    const { slack, ann, channel } = stage;
    const { socket, told, closed } = await openSocket(slack);
    const pongs: string[] = [];
    socket.on('pong', (data) => pongs.push(String(data)));
    await slack.connected();
    await expect.poll(() => told).toHaveLength(1);

    slack.freeze(true);
    socket.ping('frozen');
    const delivering = slack.slash({ user: ann, channel, text: '' });
    stage.clock.advance(3000);
    const delivery = await delivering;
    socket.close();
    await closed;

    expect(delivery.acked).toBe(false);
    expect(pongs).toEqual([]);
    expect(told).toHaveLength(1);
    expect(slack.violations).toEqual([]);
  });

  test('records answers to envelopes that were never sent, and second answers', async () => {
    await using stage = await slackStage();
    const { slack, ann, channel } = stage;
    const { socket, told } = await openSocket(slack);
    await slack.connected();
    const delivering = slack.mention({ user: ann, channel, text: 'hi' });
    await expect.poll(() => told).toHaveLength(2);
    const answer = { envelope_id: told[1]?.['envelope_id'], payload: { text: 'no' } };

    for (const each of [answer, answer, { envelope_id: 'made up' }]) socket.send(JSON.stringify(each));
    await delivering;
    await expect.poll(() => slack.violations).toHaveLength(3);

    expect(slack.violations.map(({ detail }) => detail)).toEqual([
      'a payload where the envelope takes none',
      expect.stringContaining('answered twice'),
      expect.stringContaining('unknown envelope'),
    ]);
  });
});

test('the answer to a click carries nothing', async () => {
  await using stage = await slackStage();
  const { slack, ann, channel } = stage;
  const { socket, told } = await openSocket(slack);
  await slack.connected();
  const button = { type: 'button', action_id: 'go', text: { type: 'plain_text', text: 'Go' } };
  const blocks = [{ type: 'actions', elements: [button] }];
  const { body } = await callSlack(slack, 'chat.postMessage', { channel, text: 'x', blocks });

  const pressing = slack.press({ user: ann, channel, ts: String(body['ts']), actionId: 'go' });
  await expect.poll(() => told).toHaveLength(2);
  socket.send(JSON.stringify({ envelope_id: told[1]?.['envelope_id'], payload: { text: 'no' } }));
  await pressing;

  expect(slack.violations).toMatchObject([{ rule: 'ack', detail: 'block_actions take no answer' }]);
});

describe('faults', () => {
  const post = (slack: SlackEmulator, channel: string, timeout = 1000) =>
    new webApi.WebClient(slack.botToken, {
      slackApiUrl: slack.apiUrl,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      logLevel: webApi.LogLevel.ERROR,
      logger: {
        debug() {},
        info() {},
        warn() {},
        error() {},
        setLevel() {},
        setName() {},
        getLevel: () => webApi.LogLevel.ERROR,
      },
      timeout,
    }).chat.postMessage({ channel, text: 'x' });

  test.each<[SlackFault, Json, number]>([
    [{ kind: 'error', error: 'internal_error' }, { data: { error: 'internal_error' } }, 0],
    [{ kind: 'status', status: 503 }, { statusCode: 503 }, 0],
    [{ kind: 'ratelimited', retryAfterSeconds: 7 }, { retryAfter: 7 }, 0],
    [{ kind: 'garbage' }, { code: 'slack_webapi_platform_error' }, 0],
    [{ kind: 'drop-before' }, { code: 'slack_webapi_request_error' }, 0],
    [{ kind: 'drop-after' }, { code: 'slack_webapi_request_error' }, 1],
    [{ kind: 'hang' }, { code: 'slack_webapi_request_error' }, 0],
    [{ kind: 'hang-after' }, { code: 'slack_webapi_request_error' }, 1],
    [{ kind: 'slow', ms: 60_000 }, { code: 'slack_webapi_request_error' }, 1],
  ])('%j once, then all is well', async (fault, error, landed) => {
    await using stage = await slackStage();
    const { slack, channel } = stage;
    slack.faults.next('chat.postMessage', fault);

    await expect(post(slack, channel, 200)).rejects.toMatchObject(error);
    expect(slack.messages(channel)).toHaveLength(landed);
    await post(slack, channel);

    expect(slack.messages(channel)).toHaveLength(landed + 1);
    expect(slack.calls.map(({ outcome }) => outcome).at(-1)).toBe('ok');
  });

  test('last until they are cleared', async () => {
    await using stage = await slackStage();
    const { slack, channel } = stage;
    slack.faults.always('*', { kind: 'error', error: 'fatal_error' });

    await expect(post(slack, channel)).rejects.toThrow('fatal_error');
    await expect(post(slack, channel)).rejects.toThrow('fatal_error');
    slack.faults.clear();

    await expect(post(slack, channel)).resolves.toMatchObject({ ok: true });
  });

  test('a platform that is offline can be reached again later', async () => {
    await using stage = await slackStage();
    const { slack, channel } = stage;

    slack.online(false);
    await expect(post(slack, channel)).rejects.toMatchObject({ code: 'slack_webapi_request_error' });
    slack.online(true);

    await expect(post(slack, channel)).resolves.toMatchObject({ ok: true });
  });
});

test('takes files as the library sends them', async () => {
  await using stage = await slackStage();
  const { slack, channel } = stage;
  const client = new webApi.WebClient(slack.botToken, { slackApiUrl: slack.apiUrl });

  await client.files.uploadV2({ channel_id: channel, filename: 'a.txt', content: 'h\u00e9llo' });

  expect(slack.files(channel)).toMatchObject([{ name: 'a.txt', content: 'h\u00e9llo' }]);
  expect(slack.violations).toEqual([]);
});

describe('signed requests', () => {
  test.each([
    ['a good one', {}, 200],
    ['a forged one', { forged: true }, 401],
    ['an unsigned one', { unsigned: true }, 401],
    ['one of six minutes ago', { shiftMs: -6 * 60_000 }, 401],
    ['one of tomorrow, which Bolt alone lets through', { shiftMs: 24 * 3_600_000 }, 200],
  ])('%s', async (_, signature, status) => {
    await using stage = await slackStage();
    const seen: string[] = [];
    await using bolt = await boltOverHttp(stage.slack, (app) =>
      app.command('/agent', async ({ ack, command }) => {
        seen.push(command.text);
        await ack();
      }),
    );
    const people = stage.slack.httpReceiver({ url: bolt.url });

    people.sign(signature);
    const delivery = await people.slash({ user: stage.ann, channel: stage.channel, text: 'list' });

    expect(delivery).toMatchObject({ acked: status === 200, status });
    expect(seen).toEqual(status === 200 ? ['list'] : []);
  });

  test('are replayed byte by byte', async () => {
    await using stage = await slackStage();
    const seen: unknown[] = [];
    await using bolt = await boltOverHttp(stage.slack, (app) =>
      app.command('/agent', async ({ ack, command }) => {
        seen.push(command.trigger_id);
        await ack();
      }),
    );
    const people = stage.slack.httpReceiver({ url: bolt.url });

    await people.slash({ user: stage.ann, channel: stage.channel, text: 'list' });
    const replayed = await people.replay();

    expect(replayed.status).toBe(200);
    expect(seen).toHaveLength(2);
    expect(seen[0]).toBe(seen[1]);
  });
});

test('closes twice as once, and leaves no timer', async () => {
  const { slack, clock } = await slackStage();
  await openSocket(slack);
  await slack.connected();
  slack.faults.next('auth.test', { kind: 'hang' });
  const hanging = callSlack(slack, 'auth.test').catch(() => 'cut');
  await expect.poll(() => slack.calls.length).toBe(2);

  await slack.close();
  await slack.close();

  expect(await hanging).toBe('cut');
  expect(clock.armed).toBe(0);
});
