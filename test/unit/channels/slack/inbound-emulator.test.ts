import { createServer } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createSlackChannel } from '../../../../channels/slack/slack-channel.ts';
import { environmentSchema } from '../../../../src/config/schema.ts';
import type { Form, Reply } from '../../../../src/conversation/channel.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { silentLogger } from '../../../../src/lib/logger.ts';
import { startSlackEmulator, type SlackVerbs } from '../../../emulators/slack/slack-emulator.ts';
import { createRecordingInbox, type RecordedRequest } from '../../../fakes/recording-inbox.ts';
import { approvalCard, makeButton, makeCard } from '../../../fixtures/cards.ts';

const DONE = { ok: true, waiting: false, actionId: null };
const FORM: Form = {
  title: 'Run in box',
  text: [],
  inputs: [
    { name: 'command', label: 'Command', choices: null, multiline: true, optional: false, maxLength: 3000 },
  ],
  submitLabel: 'Run',
};
const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0).toReversed()) await stop();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

/** The whole channel beside the emulated platform, whose rules must not have been broken at the end. */
async function open(
  transport: 'socket' | 'http',
  answer?: (recorded: RecordedRequest, reply: Reply) => Promise<void>,
  groups: () => readonly string[] = () => [],
) {
  const slack = await startSlackEmulator();
  const port = await freePort();
  const alice = slack.addUser({ name: 'alice' });
  const bob = slack.addUser({ name: 'bob' });
  const eve = slack.addUser({ name: 'eve', team: 'T2' });
  const room = slack.addChannel({ name: 'ops', members: [alice.id, bob.id, eve.id], shared: true });
  const inbox = createRecordingInbox({
    home: [makeCard({ title: 'box', buttons: [makeButton({ id: 'run', label: 'Run', subject: 'agent1' })] })],
    async answer(recorded, reply) {
      await answer?.(recorded, reply);
      return DONE;
    },
  });
  const channel = createSlackChannel({
    environment: environmentSchema.parse({
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_APP_TOKEN: slack.appToken,
      AIRLOCK_SLACK_API_URL: slack.apiUrl,
      ...(transport === 'http'
        ? { SLACK_SIGNING_SECRET: slack.signingSecret, AIRLOCK_SLACK_PORT: String(port) }
        : {}),
    }),
    groups,
    clock: systemClock,
    log: silentLogger,
  });
  running.push(async () => {
    await channel.stop();
    await slack.close();
    expect(slack.violations).toEqual([]);
  });
  await channel.start(inbox);
  const verbs: SlackVerbs =
    transport === 'http' ? slack.httpReceiver({ url: `http://127.0.0.1:${port}/slack/events` }) : slack;
  const thread = { channel: 'slack', space: slack.team, room: room.id, thread: null };
  return { slack, verbs, channel, inbox, alice, bob, eve, room, thread };
}

const asForm = async (recorded: RecordedRequest, reply: Reply) => {
  if (recorded.type === 'button') await reply.form(FORM);
  if (recorded.type === 'form') await reply.private(makeCard({ title: 'noted' }));
};

describe.each(['socket', 'http'] as const)('requests of the platform by %s', (transport) => {
  test('a slash command is acknowledged and answered to its author alone', async () => {
    const there = await open(transport, (_, reply) =>
      reply.private(makeCard({ kind: 'error', title: 'no agent' })),
    );
    const { slack, verbs, inbox, alice, bob, room } = there;

    const { acked } = await verbs.slash({ user: alice.id, channel: room.id, text: 'exec box -- a && <b>' });
    await vi.waitUntil(() => slack.ephemerals(alice.id).length === 1);

    expect(acked).toBe(true);
    expect(inbox.requests[0]?.request).toMatchObject({
      text: 'exec box -- a && <b>',
      displayName: 'alice',
      principal: `slack:${slack.team}:${alice.id}`,
    });
    expect(slack.ephemerals(alice.id)).toMatchObject([{ by: 'response', channel: room.id }]);
    expect(slack.ephemerals(bob.id)).toEqual([]);
    expect(slack.messages(room.id)).toEqual([]);
  });

  test('a mention in a thread is a command of that thread, and its redelivery is recognised', async () => {
    const { slack, verbs, channel, inbox, alice, room, thread } = await open(transport);
    const card = await channel.post(thread, makeCard(), 'key', { maybePosted: false });

    const first = await verbs.mention({
      user: alice.id,
      channel: room.id,
      threadTs: card.messageId,
      text: 'ls -la > out',
    });
    const second = await verbs.redeliver(first, { retryNum: 1 });

    expect([first.acked, second.acked]).toEqual([true, true]);
    expect(inbox.requests.map(({ request }) => request)).toMatchObject([
      {
        text: 'ls -la > out',
        via: 'mention',
        displayName: 'alice',
        principal: `slack:${slack.team}:${alice.id}`,
        thread: { ...thread, thread: card.messageId },
      },
    ]);
  });

  test('a form opens at the press, closes at the submission, and its answer reaches the person', async () => {
    const { slack, verbs, channel, inbox, alice, room, thread } = await open(transport, asForm);
    const card = makeCard({ buttons: [makeButton({ id: 'run', label: 'Run', subject: 'agent1' })] });
    const posted = await channel.post(thread, card, 'key', { maybePosted: false });

    await verbs.press({
      user: alice.id,
      channel: room.id,
      ts: posted.messageId,
      actionId: 'airlock:run',
    });
    await vi.waitUntil(() => slack.views(alice.id).length === 1);
    const { acked } = await verbs.submit({ user: alice.id, values: { command: 'echo a & b' } });
    await vi.waitUntil(() => slack.ephemerals(alice.id).length === 1);

    expect(acked).toBe(true);
    expect(slack.views(alice.id)).toEqual([]);
    expect(inbox.requests[1]).toMatchObject({
      type: 'form',
      request: {
        button: 'run',
        subject: 'agent1',
        values: { command: 'echo a & b' },
        thread: { ...thread, thread: posted.messageId },
      },
    });
  });

  test('a user of another workspace is never taken for one of ours', async () => {
    const { slack, verbs, channel, inbox, eve, room, thread } = await open(transport, asForm);
    const card = makeCard({ buttons: [makeButton({ id: 'run', label: 'Run', subject: 'agent1' })] });
    const posted = await channel.post(thread, card, 'key', { maybePosted: false });

    await verbs.slash({ user: eve.id, channel: room.id, text: 'list' });
    await verbs.mention({ user: eve.id, channel: room.id, text: 'list' });
    await verbs.press({ user: eve.id, channel: room.id, ts: posted.messageId, actionId: 'airlock:run' });
    await vi.waitUntil(() => slack.views(eve.id).length === 1);
    await verbs.submit({ user: eve.id, values: { command: 'ls' } });

    expect(inbox.requests.map(({ type }) => type)).toEqual(['command', 'command', 'button', 'form']);
    for (const { request } of inbox.requests) {
      expect(request.principal).toBe(`slack:T2:${eve.id}`);
      expect(request.groups).toEqual([]);
    }
  });
});

describe('people on the platform', () => {
  test('who press at the same time, one of them twenty times, are all answered', async () => {
    const { slack, channel, inbox, alice, bob, room, thread } = await open('socket', (_, reply) =>
      reply.private(makeCard({ title: 'your vote is on record' })),
    );
    const posted = await channel.post(thread, approvalCard(), 'key', { maybePosted: false });
    const press = (user: string) =>
      slack.press({ user, channel: room.id, ts: posted.messageId, actionId: 'airlock:approve' });

    const deliveries = await Promise.all([
      ...Array.from({ length: 20 }, () => press(alice.id)),
      press(bob.id),
    ]);
    await vi.waitUntil(() => slack.ephemerals(alice.id).length + slack.ephemerals(bob.id).length === 21);

    expect(deliveries.every(({ acked }) => acked)).toBe(true);
    expect(inbox.requests).toHaveLength(21);
    expect(slack.ephemerals(bob.id)).toHaveLength(1);
  });

  test('read a long text in pages, there and back', async () => {
    const code = Array.from({ length: 4000 }, (_, at) => `line ${at}`).join('\n');
    const { slack, channel, alice, room, thread } = await open('socket', (_, reply) =>
      reply.private(makeCard({ kind: 'action', code: { label: 'command', text: code } })),
    );
    const card = makeCard({ buttons: [makeButton({ id: 'view', label: 'View', subject: 'action1' })] });
    const posted = await channel.post(thread, card, 'key', { maybePosted: false });
    const shown = () => JSON.stringify(slack.views(alice.id).at(-1)?.blocks);

    await slack.press({ user: alice.id, channel: room.id, ts: posted.messageId, actionId: 'airlock:view' });
    await vi.waitUntil(() => slack.views(alice.id).length === 1);
    const first = shown();
    await slack.pressInView({ user: alice.id, actionId: 'airlock-page:next' });
    await vi.waitUntil(() => shown() !== first);
    const second = shown();
    await slack.pressInView({ user: alice.id, actionId: 'airlock-page:back' });
    await vi.waitUntil(() => shown() !== second);

    expect(first).toContain('line 0\\n');
    expect(second).not.toContain('line 0\\n');
    expect(shown()).toContain('line 0\\n');
  });

  test('press in App Home and are answered in their direct messages', async () => {
    const { slack, inbox, alice } = await open('socket', asForm);

    await slack.openHome(alice.id);
    await vi.waitUntil(() => slack.home(alice.id) !== null);
    await slack.pressInView({ user: alice.id, viewId: 'home', actionId: 'airlock:run' });
    await vi.waitUntil(() => slack.views(alice.id).length === 1);
    await slack.submit({ user: alice.id, values: { command: 'ls' } });
    const direct = inbox.requests[1]?.request.thread.room ?? '';
    await vi.waitUntil(() => slack.messages(direct).length === 1);

    expect(direct).toMatch(/^D/);
    expect(JSON.stringify(slack.messages(direct))).toContain('noted');
  });

  test('are in App Home and direct messages what their rooms make them, and strangers where they are in none', async () => {
    let named: readonly string[] = [];
    const { slack, inbox, alice, bob, room } = await open('socket', undefined, () => named);
    const carol = slack.addUser({ name: 'carol' });
    const other = slack.addChannel({ name: 'team', members: [carol.id] });
    named = [`slack-channel::${room.id}`, `slack-channel:${slack.team}:${other.id}`];

    for (const { id: user } of [alice, carol]) {
      await slack.slash({ user, channel: slack.direct(user), text: 'list' });
    }
    await slack.slash({ user: bob.id, channel: room.id, text: 'list' });

    expect(inbox.requests.map(({ request }) => request.groups)).toEqual([
      [`slack-channel:${slack.team}:${room.id}`],
      [`slack-channel:${slack.team}:${other.id}`],
      [],
    ]);
  });

  test('are told to invite the bot where it is not, and nothing is done', async () => {
    const { slack, inbox, alice } = await open('socket');
    const secret = slack.addChannel({ name: 'secret', members: [alice.id], private: true, bot: false });
    const open_ = slack.addChannel({ name: 'open', members: [alice.id], bot: false });

    for (const room of [secret, open_]) {
      await slack.slash({ user: alice.id, channel: room.id, text: 'create box' });
    }
    await vi.waitUntil(() => slack.ephemerals(alice.id).length === 2);

    expect(inbox.requests).toEqual([]);
    expect(JSON.stringify(slack.ephemerals(alice.id))).toContain('/invite');
  });

  test('are answered where they see it: in the thread they wrote in, in the room where the thread has no replies', async () => {
    const { slack, channel, alice, bob, room, thread } = await open('socket', (_, reply) =>
      reply.private(makeCard({ title: 'answer' })),
    );
    const card = makeCard({ buttons: [makeButton({ id: 'stop', label: 'Stop', subject: 'agent1' })] });
    const posted = await channel.post(thread, card, 'key', { maybePosted: false });
    slack.faults.always('response_url', { kind: 'status', status: 500 });

    const { messageId: ts } = posted;
    await slack.press({ user: alice.id, channel: room.id, ts, actionId: 'airlock:stop' });
    await vi.waitUntil(() => slack.ephemerals(alice.id).length === 1);
    await slack.mention({ user: bob.id, channel: room.id, threadTs: ts, text: 'ls' });
    await vi.waitUntil(() => slack.ephemerals(bob.id).length === 1);
    await slack.press({ user: alice.id, channel: room.id, ts, actionId: 'airlock:stop' });
    await vi.waitUntil(() => slack.ephemerals(alice.id).length === 2);

    const places = [...slack.ephemerals(alice.id), ...slack.ephemerals(bob.id)].map(
      ({ thread_ts }) => thread_ts ?? null,
    );
    expect(places).toEqual([null, null, ts]);
  });

  test('are answered by another way when the response URL fails', async () => {
    const { slack, alice, room } = await open('socket', (_, reply) =>
      reply.private(makeCard({ title: 'answer' })),
    );
    slack.faults.next('response_url', { kind: 'status', status: 500 });

    await slack.slash({ user: alice.id, channel: room.id, text: 'status nobody' });
    await vi.waitUntil(() => slack.ephemerals(alice.id).length === 1);

    expect(slack.ephemerals(alice.id)).toMatchObject([{ by: 'api', channel: room.id }]);
  });

  test('get an ephemeral text where the window came too late', async () => {
    const { slack, channel, alice, room, thread } = await open('socket', asForm);
    const card = makeCard({ buttons: [makeButton({ id: 'run', label: 'Run', subject: 'agent1' })] });
    const posted = await channel.post(thread, card, 'key', { maybePosted: false });
    slack.faults.next('views.open', { kind: 'error', error: 'expired_trigger_id' });

    await slack.press({ user: alice.id, channel: room.id, ts: posted.messageId, actionId: 'airlock:run' });
    await vi.waitUntil(() => slack.ephemerals(alice.id).length === 1);

    expect(slack.views(alice.id)).toEqual([]);
    expect(JSON.stringify(slack.ephemerals(alice.id))).toContain('press the button again');
  });
});
