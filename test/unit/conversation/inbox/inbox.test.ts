import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCommandRegistry } from '../../../../src/commands/registry.ts';
import type { Card, Form } from '../../../../src/conversation/card.ts';
import type {
  ButtonRequest,
  CommandRequest,
  FormRequest,
  Reply,
} from '../../../../src/conversation/channel.ts';
import {
  type Conversation,
  createConversation,
  LAST_CARDS_MS,
} from '../../../../src/conversation/conversation.ts';
import { MAX_CONCURRENT_REQUESTS } from '../../../../src/conversation/inbox/inbox.ts';
import { AppError } from '../../../../src/errors.ts';
import { silentLogger } from '../../../../src/lib/logger.ts';
import type { InboxRecord } from '../../../../src/model/inbox.ts';
import type { ThreadRef } from '../../../../src/model/thread.ts';
import { createFakeChannel, type FakeChannel } from '../../../fakes/fake-channel.ts';
import { openWorkbench, policyOf, type Workbench } from '../../orchestrator/workbench.ts';

const ROOM: ThreadRef = { channel: 'slack', space: 'T1', room: 'C1', thread: null };
const NODE = 'node-1';
const commands = createCommandRegistry({ images: { list: async () => [{ name: 'busybox' }] } });

let bench: Workbench;
let channel: FakeChannel;
let conversation: Conversation;
let teamRooms: ThreadRef[];

beforeEach(async () => {
  bench = await openWorkbench({
    policy: policyOf({ rules: [{ kind: 'agent.exec', command: 'danger', level: 'high', reason: 'a test' }] }),
  });
  channel = createFakeChannel({ name: 'slack' });
  teamRooms = [];
  conversation = converse();
});
afterEach(async () => {
  await conversation.stop();
  await bench[Symbol.asyncDispose]();
});

function converse(registry = commands): Conversation {
  const { store, orchestrator, agents, people, clock } = bench;
  return createConversation({
    store,
    orchestrator,
    agents,
    people,
    commands: registry,
    channels: [channel],
    clock,
    log: silentLogger,
    nodeId: NODE,
    teamRooms: () => teamRooms,
  });
}

interface Answers extends Reply {
  cards: Card[];
  forms: Form[];
}

function answers(): Answers {
  const cards: Card[] = [];
  const forms: Form[] = [];
  return {
    cards,
    forms,
    private: async (card) => void cards.push(card),
    form: async (form) => void forms.push(form),
  };
}

let deliveries = 0;
function origin(who = 'alice') {
  deliveries += 1;
  return {
    deliveryId: `d${deliveries}`,
    principal: `slack:T1:${who}`,
    displayName: who,
    groups: [],
    thread: ROOM,
  };
}

function typed(text: string, more: Partial<CommandRequest> = {}, who = 'alice'): CommandRequest {
  return { ...origin(who), text, ...more };
}

async function ask(text: string, who = 'alice', more: Partial<CommandRequest> = {}) {
  const reply = answers();
  const accepted = await conversation.inbox.command(typed(text, more, who), reply);
  return { ...(await accepted.settled), cards: reply.cards };
}

async function press(request: Pick<ButtonRequest, 'button' | 'subject'> & { hash?: string }, who: string) {
  const reply = answers();
  const accepted = await conversation.inbox.button({ ...origin(who), hash: null, ...request }, reply);
  return { ...(await accepted.settled), ...reply };
}

async function send(request: Pick<FormRequest, 'button' | 'subject' | 'values'>, who: string) {
  const reply = answers();
  const accepted = await conversation.inbox.form({ ...origin(who), hash: null, ...request }, reply);
  return { ...(await accepted.settled), ...reply };
}

async function agentId(name: string): Promise<string> {
  const agent = await bench.store.liveAgentByName(name);
  if (agent === null) throw new Error(`no agent ${name}`);
  return agent.id;
}

const posted = () => channel.messages.map(({ card }) => `${card.title}: ${card.state?.label ?? ''}`);

function row(request: CommandRequest | ButtonRequest, kind: InboxRecord['kind'] = 'command'): InboxRecord {
  return {
    deliveryId: `slack:${request.deliveryId}`,
    channel: 'slack',
    kind,
    request: JSON.stringify({ kind, ...request }),
    receivedAt: bench.clock.now(),
    settledAt: null,
    actionId: null,
    nodeId: NODE,
  };
}

describe('a request that is accepted', () => {
  beforeEach(async () => conversation.start());

  it('runs its action, and has settled when its cards are at the channel', async () => {
    const created = await ask('create box');
    expect(created).toMatchObject({ ok: true, waiting: false, cards: [] });
    expect(posted()).toEqual(['Agent box: RUNNING']);

    const ran = await ask('exec box -- echo  "a  b"');
    expect(ran).toMatchObject({ ok: true, waiting: false });
    expect(bench.agents.began.at(-1)).toBe(`exec ${await agentId('box')} echo  "a  b"`);
    expect(posted().at(-1)).toBe('exec box: done, exit code 0');
  });

  it('leaves its row settled with the action it led to', async () => {
    const request = typed('create box');
    await (await conversation.inbox.command(request, answers())).settled;
    expect(await bench.store.inboxEntry(`slack:${request.deliveryId}`)).toMatchObject({
      actionId: expect.any(String),
      settledAt: bench.clock.now(),
    });
  });

  it('is not ok when its command ended with another code than 0', async () => {
    await ask('create box');
    bench.agents.onExec = async () => ({ exitCode: 3 });
    expect(await ask('exec box -- false')).toMatchObject({ ok: false, waiting: false });
    expect(posted().at(-1)).toBe('exec box: ended with exit code 3');
  });

  it('answers a query to the one who asked and nobody else, and settles its row after that', async () => {
    const request = typed('list');
    const reply = answers();
    const accepted = await conversation.inbox.command(request, reply);
    expect(await accepted.settled).toEqual({ ok: true, waiting: false, actionId: null });
    expect(reply.cards).toMatchObject([{ kind: 'list', title: '0 live agents' }]);
    expect(channel.messages).toEqual([]);
    expect((await bench.store.inboxEntry(`slack:${request.deliveryId}`))?.settledAt).not.toBeNull();
  });

  it('answers what is wrong with code, message and hint', async () => {
    expect(await ask('exec nobody -- ls')).toMatchObject({
      ok: false,
      cards: [{ kind: 'error', title: 'there is no agent "nobody"', state: { label: 'AGENT_NOT_FOUND' } }],
    });
    expect(await ask('lst')).toMatchObject({
      ok: false,
      cards: [{ state: { label: 'UNKNOWN_COMMAND' }, text: ['did you mean /agent list?'] }],
    });
    expect(await bench.store.unsettledInbox(NODE)).toEqual([]);
  });

  it('finds the agent of a mention by its thread', async () => {
    await conversation.stop();
    channel = createFakeChannel({ name: 'slack', limits: { threads: true } });
    conversation = converse();
    await conversation.start();
    await ask('create box');
    const { thread } = (await bench.store.agent(await agentId('box'))) ?? { thread: ROOM };
    expect(thread.thread).not.toBeNull();

    await ask('ls -la', 'alice', { via: 'mention', thread });
    expect(bench.agents.began.at(-1)).toBe(`exec ${await agentId('box')} ls -la`);
    expect(await ask('ls -la', 'alice', { via: 'mention' })).toMatchObject({
      ok: false,
      cards: [{ state: { label: 'UNKNOWN_COMMAND' } }],
    });
  });

  it('takes a mention in a room for no agent, even where an agent has no thread of its own', async () => {
    await ask('create box');
    expect((await bench.store.agent(await agentId('box')))?.thread).toEqual(ROOM);
    expect(await ask('ls -la', 'bob', { via: 'mention' })).toMatchObject({
      ok: false,
      cards: [{ state: { label: 'UNKNOWN_COMMAND' } }],
    });
  });

  it('whose answer the platform never takes is let go, and its thread is told', async () => {
    const never = new Promise<never>(() => {});
    const { settled } = await conversation.inbox.command(typed('list'), {
      ...answers(),
      private: () => never,
    });
    let over = false;
    void settled.then(() => {
      over = true;
    });
    await until(() => over);
    await conversation.drained();
    expect(posted()).toEqual([expect.stringContaining('alice: a request was not answered')]);
    expect(await bench.store.unsettledInbox(NODE)).toEqual([]);
  });

  it('that was answered is settled as soon as the store works again, and never worked on later', async () => {
    const { store } = bench;
    const working = store.transaction.bind(store);
    const reply = answers();
    let failures = 0;
    reply.private = async (card) => {
      reply.cards.push(card);
      store.transaction = () => {
        failures += 1;
        return Promise.reject(new AppError('DISK_FULL', 'the disk is full'));
      };
    };
    const { settled } = await conversation.inbox.command(typed('exec nobody -- rm -r /'), reply);
    await until(() => failures > 0);
    store.transaction = working;

    let over = false;
    void settled.then(() => {
      over = true;
    });
    await until(() => over);

    expect(reply.cards).toMatchObject([{ state: { label: 'AGENT_NOT_FOUND' } }]);
    expect(await store.unsettledInbox(NODE)).toEqual([]);
  });
});

describe('approvals', () => {
  beforeEach(async () => {
    await conversation.start();
    await ask('create box');
  });

  it('wait, and one press of another person runs exactly what was shown', async () => {
    const asked = await ask('exec box -- danger');
    expect(asked).toMatchObject({ ok: true, waiting: true });
    const card = channel.messages.at(-1)?.card;
    expect(card?.state?.label).toBe('waiting for approval (0 of 1)');
    const approve = card?.buttons.find(({ id }) => id === 'approve');
    expect(approve).toMatchObject({ subject: asked.actionId, opens: null });

    const pressed = await press(
      { button: 'approve', subject: asked.actionId ?? '', hash: approve?.hash ?? '' },
      'carol',
    );
    expect(pressed).toMatchObject({ ok: true, waiting: false, actionId: asked.actionId });
    expect(bench.agents.began.at(-1)).toBe(`exec ${await agentId('box')} danger`);
    expect(channel.messages.at(-1)?.card).toMatchObject({
      state: { label: 'done, exit code 0' },
      buttons: [],
    });
  });

  it('are refused to the one who asked, with a word to them alone', async () => {
    const { actionId } = await ask('exec box -- danger', 'carol');
    const pressed = await press({ button: 'approve', subject: actionId ?? '' }, 'carol');
    expect(pressed).toMatchObject({ ok: false, cards: [{ state: { label: 'SELF_APPROVAL' } }] });
    expect((await bench.store.action(actionId ?? ''))?.status).toBe('PENDING');
  });

  it('are denied through a form that asks for the reason', async () => {
    const { actionId } = await ask('exec box -- danger');
    const subject = actionId ?? '';
    const pressed = await press({ button: 'deny', subject }, 'carol');
    expect(pressed.forms).toMatchObject([{ inputs: [{ name: 'reason' }] }]);
    expect((await bench.store.action(subject))?.status).toBe('PENDING');

    expect(await send({ button: 'deny', subject, values: { reason: ' ' } }, 'carol')).toMatchObject({
      ok: false,
      cards: [{ state: { label: 'INVALID_INPUT' } }],
    });
    expect(await send({ button: 'deny', subject, values: { reason: 'no' } }, 'carol')).toMatchObject({
      ok: true,
    });
    const card = channel.messages.at(-1)?.card;
    expect(card).toMatchObject({ state: { label: 'rejected' }, buttons: [] });
    expect(card?.timeline.map(({ label }) => label)).toContain('carol (slack:T1:carol) denied: no');
  });

  it('of critical actions take the hash that was typed, not the one the button carries', async () => {
    const { actionId } = await ask('reload', 'erin');
    const subject = actionId ?? '';
    const action = await bench.store.action(subject);
    const hash = action?.payloadHash ?? '';
    const pressed = await press({ button: 'approve', subject, hash }, 'frank');
    expect(pressed.forms).toMatchObject([{ inputs: [{ name: 'hash' }, { name: 'note' }] }]);

    const wrong = await send({ button: 'approve', subject, values: { hash: '0000-0000-0000' } }, 'frank');
    expect(wrong).toMatchObject({ ok: false, cards: [{ state: { label: 'HASH_MISMATCH' } }] });
    const typedHash = `${hash.slice(0, 4)}-${hash.slice(4, 8)}-${hash.slice(8, 12)}`;
    const right = await send({ button: 'approve', subject, values: { hash: typedHash } }, 'frank');
    expect(right).toMatchObject({ ok: true, waiting: true });
    expect(right.cards).toMatchObject([
      { title: expect.stringMatching(/: 1 more approval needed$/) as string },
    ]);
  });

  it('can be taken back by the one who asked', async () => {
    const { actionId } = await ask('exec box -- danger');
    expect(await press({ button: 'cancel', subject: actionId ?? '' }, 'alice')).toMatchObject({ ok: true });
    expect(channel.messages.at(-1)?.card).toMatchObject({ state: { label: 'cancelled' }, buttons: [] });
  });
});

describe('the buttons of an agent', () => {
  beforeEach(async () => {
    await conversation.start();
    await ask('create box');
  });

  it('pause, resume, extend and stop it', async () => {
    const subject = await agentId('box');
    for (const button of ['pause', 'resume', 'extend', 'stop'] as const) {
      expect(await press({ button, subject }, 'alice')).toMatchObject({ ok: true });
    }
    expect(bench.agents.began.map((began) => began.split(' ')[0])).toEqual([
      'create',
      'pause',
      'resume',
      'extend',
      'stop',
    ]);
    expect(posted()[0]).toBe('Agent box: STOPPED');
  });

  it('stop it after a question where the platform could not ask whether the press was meant', async () => {
    const subject = await agentId('box');
    const unsure = { subject, sure: false } as const;
    expect((await press({ button: 'stop', ...unsure }, 'alice')).forms).toMatchObject([
      { title: 'Stop box?', inputs: [], submitLabel: 'Stop' },
    ]);
    expect((await press({ button: 'stop', ...unsure }, 'vera')).cards).toMatchObject([
      { state: { label: 'NOT_ALLOWED' } },
    ]);
    // What can be taken back needs no question.
    expect(await press({ button: 'pause', ...unsure }, 'alice')).toMatchObject({ ok: true, forms: [] });
    expect(bench.agents.began.map((began) => began.split(' ')[0])).toEqual(['create', 'pause']);

    await send({ button: 'stop', subject, values: {} }, 'alice');
    expect(bench.agents.began.at(-1)).toBe(`stop ${subject}`);
    expect(await press({ button: 'stop', ...unsure }, 'alice')).toMatchObject({ ok: true, forms: [] });
  });

  it('run a command line through a form, and show the logs to the one who asked', async () => {
    const subject = await agentId('box');
    expect((await press({ button: 'run', subject }, 'alice')).forms).toMatchObject([{ title: 'Run in box' }]);
    await send({ button: 'run', subject, values: { command: 'echo  hi' } }, 'alice');
    expect(bench.agents.began.at(-1)).toBe(`exec ${subject} echo  hi`);
    expect((await press({ button: 'logs', subject }, 'alice')).cards).toMatchObject([
      { title: 'Logs of box: 1 command' },
    ]);
    expect((await press({ button: 'logs', subject }, 'bob')).cards).toMatchObject([
      { state: { label: 'NOT_ALLOWED' } },
    ]);
  });

  it('show an action whole to people who may see it', async () => {
    const { actionId } = await ask('exec box -- echo hi');
    const subject = actionId ?? '';
    expect((await press({ button: 'view', subject }, 'carol')).cards).toMatchObject([
      { code: { text: 'echo hi' } },
    ]);
    expect((await press({ button: 'view', subject }, 'bob')).cards).toMatchObject([
      { state: { label: 'NOT_ALLOWED' } },
    ]);
  });
});

describe('a delivery that comes again', () => {
  beforeEach(async () => conversation.start());

  it('while it is worked on has the same outcome and one effect', async () => {
    const request = typed('create box');
    const accepted = await Promise.all([1, 2, 3].map(() => conversation.inbox.command(request, answers())));
    const outcomes = await Promise.all(accepted.map(({ settled }) => settled));
    expect(accepted.filter(({ duplicate }) => duplicate)).toHaveLength(2);
    expect(new Set(outcomes.map(({ actionId }) => actionId)).size).toBe(1);
    expect(bench.agents.began).toHaveLength(1);
  });

  it('while the first is being stored is acknowledged only once that is on disk', async () => {
    const working = bench.store.transaction.bind(bench.store);
    const disk = Promise.withResolvers<void>();
    bench.store.transaction = async (work) => {
      await disk.promise;
      return working(work);
    };
    const request = typed('create box');
    let acknowledged = false;
    const first = conversation.inbox.command(request, answers());
    const second = conversation.inbox.command(request, answers()).then((accepted) => {
      acknowledged = true;
      return accepted;
    });
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    expect(acknowledged).toBe(false);

    disk.resolve();
    bench.store.transaction = working;
    expect((await first).duplicate).toBe(false);
    expect((await second).duplicate).toBe(true);
  });

  it('later, or after a restart, is recognised with the outcome it had', async () => {
    await ask('create box');
    bench.agents.onExec = async () => ({ exitCode: 3 });
    const request = typed('exec box -- false');
    const first = await (await conversation.inbox.command(request, answers())).settled;
    await conversation.stop();
    await bench.restart();
    conversation = converse();
    await conversation.start();

    const reply = answers();
    const again = await conversation.inbox.command(request, reply);
    expect(again.duplicate).toBe(true);
    expect(await again.settled).toEqual(first);
    expect(reply.cards).toEqual([]);
    expect(bench.agents.began).toHaveLength(2);
  });

  it('under the same id on another channel is another request', async () => {
    const request = typed('create box');
    await (await conversation.inbox.command(request, answers())).settled;
    const elsewhere = { ...request, thread: { ...ROOM, channel: 'discord' } };
    const accepted = await conversation.inbox.command(elsewhere, answers());
    expect(accepted.duplicate).toBe(false);
    await accepted.settled;
  });
});

describe('after a crash', () => {
  it('what was accepted and not begun is done once', async () => {
    await bench.store.transaction((tx) => tx.insertInbox(row(typed('create box'))));
    await conversation.start();
    await until(async () => (await bench.store.unsettledInbox(NODE)).length === 0);
    await conversation.stop();
    conversation = converse();
    await conversation.start();
    await until(() => posted().includes('Agent box: RUNNING'));
    expect(bench.agents.began).toHaveLength(1);
  });

  it('an answer nobody waits for any more goes to its asker alone', async () => {
    const own = { ...ROOM, room: 'alice' };
    channel = createFakeChannel({ name: 'slack', privateRoom: () => own });
    conversation = converse();
    await bench.store.transaction(async (tx) => {
      await tx.insertInbox(row(typed('list')));
      await tx.insertInbox(row(typed('stop nobody')));
    });
    await conversation.start();
    await until(() => channel.messages.length === 2);
    expect(channel.messages.map(({ ref }) => ref.thread)).toEqual([own, own]);
    expect(channel.messages.map(({ card }) => String(card.text[0])).toSorted()).toEqual([
      '"stop nobody": AGENT_NOT_FOUND: there is no agent "nobody" (/agent list shows the live ones, /agent list --all the ended ones too)',
      'the answer to "list" was not given (Airlock was restarted in between): please ask again',
    ]);
    expect(await bench.store.unsettledInbox(NODE)).toEqual([]);
  });

  it('a row that this version cannot read is set aside, and the others are worked', async () => {
    await bench.store.transaction(async (tx) => {
      await tx.insertInbox({ ...row(typed('list')), request: '{"kind":"from the future"}' });
      await tx.insertInbox(row(typed('create box')));
    });
    await conversation.start();
    await until(() => bench.agents.began.length === 1);
    await until(async () => (await bench.store.unsettledInbox(NODE)).length === 0);
  });
});

describe('what is not accepted', () => {
  it('a request of a megabyte is refused clearly and nothing of it is stored', async () => {
    await conversation.start();
    const request = typed(`exec box -- ${'x'.repeat(1024 * 1024)}`);
    const reply = answers();
    const accepted = await conversation.inbox.command(request, reply);
    expect(await accepted.settled).toMatchObject({ ok: false });
    expect(reply.cards).toMatchObject([
      { title: 'the text has 1 MiB; at most 128 KiB are taken', state: { label: 'TOO_LONG' } },
    ]);
    expect(await bench.store.inboxEntry(`slack:${request.deliveryId}`)).toBeNull();
  });

  it('broken text and a flood of groups are refused too', async () => {
    await conversation.start();
    expect((await ask('exec box -- \ud800')).cards).toMatchObject([{ state: { label: 'INVALID_INPUT' } }]);
    const groups = Array.from({ length: 50_000 }, (_, index) => `slack-group:T1:S${index}`);
    expect((await ask('list', 'alice', { groups })).cards).toMatchObject([{ state: { label: 'TOO_LONG' } }]);
  });

  it('more at once than there is room for is told to come back, and a hung one delays nobody', async () => {
    const hang = Promise.withResolvers<never>();
    hang.promise.catch(() => {});
    conversation = converse({
      ...commands,
      run: (command, raw, context) =>
        command.name === 'list' ? hang.promise : commands.run(command, raw, context),
    });
    await conversation.start();
    const hung = await conversation.inbox.command(typed('list'), answers());
    expect((await ask('help')).cards).toMatchObject([{ kind: 'help' }]);

    const more = await Promise.all(
      Array.from({ length: MAX_CONCURRENT_REQUESTS - 1 }, () =>
        conversation.inbox.command(typed('list'), answers()),
      ),
    );
    const refused = await ask('help');
    expect(refused).toMatchObject({
      ok: false,
      cards: [{ state: { label: 'RUNTIME_BUSY' }, text: ['try again in 5 s'] }],
    });

    hang.reject(new Error('let go'));
    const outcomes = await Promise.all([hung, ...more].map(({ settled }) => settled));
    expect(outcomes.every(({ ok }) => !ok)).toBe(true);
    expect((await ask('help')).ok).toBe(true);
  });

  it('after stop says that Airlock is stopping', async () => {
    await conversation.start();
    await conversation.stop();
    expect(await ask('list')).toMatchObject({ ok: false, cards: [{ state: { label: 'SHUTTING_DOWN' } }] });
  });
});

describe('the conversation as a whole', () => {
  it('starts and stops as often as it is told, and hands its inbox to the channels', async () => {
    await Promise.all([conversation.start(), conversation.start()]);
    expect(channel.inbox).toBe(conversation.inbox);
    await Promise.all([conversation.stop(), conversation.stop()]);
    expect(channel.inbox).toBeNull();
    await conversation.start();
    expect(await ask('list')).toMatchObject({ ok: true });
  });

  it('shows what happens between the last request and the stop, and waits no longer than a moment', async () => {
    await conversation.start();
    await ask('create box');
    await conversation.quiesce();
    expect(await ask('list')).toMatchObject({ ok: false });
    await bench.run({ kind: 'agent.stop', params: { agent: 'box' } });
    await conversation.stop();
    expect(posted()[0]).toBe('Agent box: STOPPED');

    await conversation.start();
    const began = Promise.withResolvers<void>();
    const away = Promise.withResolvers<void>();
    channel.before = () => {
      began.resolve();
      return away.promise;
    };
    await bench.agent('boat');
    await began.promise;
    const stopped = conversation.stop();
    await setImmediate();
    bench.clock.advance(LAST_CARDS_MS);
    away.resolve();
    await stopped;
    expect(channel.inbox).toBeNull();
  });

  it('tells the team the head of the audit at start and every day', async () => {
    teamRooms.push({ ...ROOM, room: 'team' });
    await conversation.start();
    await conversation.drained();
    expect(posted()).toEqual(['Audit head: nothing is on record yet: ']);
    await bench.agent('box');
    await conversation.drained();
    bench.clock.advance(24 * 3_600_000);
    const head = () => channel.messages.find(({ card }) => /^Audit head [1-9]\d*$/.test(card.title));
    await until(() => head() !== undefined);
    expect(head()?.card.text[0]).toMatch(/^npm run airlock -- audit verify --head [1-9]\d*:[0-9a-f]{64} /);
    await conversation.drained();
  });

  it('forgets old requests at the start, too: not every bot runs for a day', async () => {
    const old = row(typed('list'));
    await bench.store.transaction(async (tx) => {
      await tx.insertInbox(old);
      await tx.settleInbox(old.deliveryId, null);
    });
    bench.clock.advance(25 * 3_600_000);
    await conversation.start();
    expect(await bench.store.inboxEntry(old.deliveryId)).toBeNull();
  });

  it('keeps events that have no card yet, however long Airlock was away', async () => {
    await bench.store.transaction((tx) =>
      tx.appendEvent({ type: 'notice', thread: ROOM, title: 'old news', text: '', tone: 'neutral' }),
    );
    bench.clock.advance(31 * 24 * 3_600_000);
    await conversation.start();
    await conversation.drained();
    expect(posted()).toContainEqual(expect.stringContaining('old news'));
  });

  it('completes from what is there, and never throws', async () => {
    await conversation.start();
    await ask('create box');
    const complete = (text: string, principal: string) =>
      conversation.inbox.complete({ text, principal, groups: [], thread: ROOM });
    expect(await complete('pause b', 'slack:T1:alice')).toMatchObject([{ value: 'box' }]);
    expect(await complete('', 'slack:T1:nobody')).toMatchObject([{ value: 'help' }]);
    bench.people.resolve = () => {
      throw new Error('broken');
    };
    expect(await complete('', 'slack:T1:alice')).toEqual([]);
  });
});

/** Waits for what happens in the background, turn by turn; it fails by the test's own time limit. */
async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await done())) {
    bench.clock.advance(10);
    await setImmediate();
  }
}
