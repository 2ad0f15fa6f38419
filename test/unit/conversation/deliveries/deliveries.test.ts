import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/errors.ts';
import { SEND_DEADLINE_MS } from '../../../../src/conversation/deliveries/send.ts';
import type { EventBody } from '../../../../src/model/event.ts';
import type { ThreadRef } from '../../../../src/model/thread.ts';
import { createFakeChannel, permanent, transient } from '../../../fakes/fake-channel.ts';
import { action, agent } from '../../commands/facts.ts';
import { createDeliveryBench, type DeliveryBench } from './bench.ts';

let bench: DeliveryBench;
beforeEach(async () => {
  bench = await createDeliveryBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const room = (name: string): ThreadRef => ({ channel: 'fake', space: 's', room: name, thread: null });

function notice(title: string, place = 'r'): EventBody {
  return { type: 'notice', thread: room(place), title, text: '', tone: 'neutral' };
}

/** An agent in the state RUNNING with its history. */
async function insertAgent(facts: Parameters<typeof agent>[0] = {}) {
  const record = agent(facts);
  await bench.write(async (tx) => {
    await tx.insertAgent(record);
    await tx.appendEvent({
      type: 'agent.status',
      agentId: record.id,
      from: null,
      to: record.status,
      reason: null,
    });
  });
  return record;
}

async function insertAction(facts: Parameters<typeof action>[0] = {}) {
  const record = action(facts);
  await bench.write(async (tx) => {
    await tx.insertAction(record);
    await tx.appendEvent({ type: 'action.status', actionId: record.id, from: null, to: record.status });
  });
  return record;
}

const titles = (channel: ReturnType<typeof createFakeChannel>) =>
  channel.messages.map(({ card }) => card.title);

describe('which cards there are', () => {
  it('posts the card of an agent before those of its actions, and each once', async () => {
    const channel = createFakeChannel();
    await bench.write(async (tx) => {
      await tx.insertAgent(agent());
      await tx.insertAction(action());
      // The order of events in one transaction is the orchestrator's business.
      await tx.appendEvent({ type: 'action.status', actionId: action().id, from: null, to: 'PENDING' });
      await tx.appendEvent({
        type: 'agent.status',
        agentId: agent().id,
        from: null,
        to: 'PENDING',
        reason: null,
      });
    });

    await bench.drain(bench.start(channel));

    expect(titles(channel)).toEqual(['Agent box', 'exec box']);
  });

  it('opens the thread of an agent under its card, and posts its actions there', async () => {
    const channel = createFakeChannel({ limits: { threads: true } });
    const deliveries = bench.start(channel);
    await bench.write(async (tx) => {
      await tx.insertAgent(agent());
      await tx.insertAction(action());
      await tx.appendEvent({ type: 'action.status', actionId: action().id, from: null, to: 'PENDING' });
    });
    await bench.drain(deliveries);

    const opened = { ...room('r'), thread: 'm1' };
    expect(channel.messages.map(({ ref }) => ref.thread)).toEqual([room('r'), opened]);
    expect((await bench.store.agent(agent().id))?.thread).toEqual(opened);
  });

  it('opens the thread later when the platform failed to, and lets the action wait for it', async () => {
    const channel = createFakeChannel({ limits: { threads: true } });
    let failures = 2;
    channel.before = ({ type }) => {
      if (type === 'openThread' && failures-- > 0) throw transient();
    };
    const deliveries = bench.start(channel);
    await insertAgent();
    await insertAction();
    await bench.drain(deliveries);

    expect(channel.messages.map(({ ref }) => ref.thread.thread)).toEqual([null, 'm1']);
    expect(titles(channel)).toEqual(['Agent box', 'exec box']);
  });

  it('goes on in the room when the platform lets the bot open no thread, and tells the team once', async () => {
    const channel = createFakeChannel({ limits: { threads: true } });
    bench.teamRooms.push(room('team'));
    channel.before = ({ type }) => {
      if (type === 'openThread') throw permanent('Missing Permissions (50013)');
    };
    const deliveries = bench.start(channel);
    await insertAgent();
    await insertAction();
    await bench.write(async (tx) => {
      await tx.updateAgent(agent().id, { from: ['RUNNING'] }, { errorMessage: 'news' });
      await tx.appendEvent({ type: 'agent.changed', agentId: agent().id, what: 'test' });
    });
    await bench.drain(deliveries);

    const shown = channel.messages.map(({ ref, card }) => `${ref.thread.room}: ${card.title}`);
    expect(shown.toSorted()).toEqual([
      'r: Agent box',
      'r: exec box',
      'team: A thread could not be opened on fake',
    ]);
    expect(channel.messages[0]?.card.text[0]).toBe('news');
  });

  it('announces MEDIUM actions, and shows only the outcome of LOW ones', async () => {
    const channel = createFakeChannel();
    const deliveries = bench.start(channel);
    const facts = { agentId: null, approval: null } as const;
    await insertAction({ ...facts, id: 'medium', level: 'MEDIUM', status: 'APPROVED' });
    await insertAction({ ...facts, id: 'low', level: 'LOW', status: 'APPROVED' });
    await bench.drain(deliveries);
    expect(channel.messages.map(({ key }) => key)).toEqual(['fake|action:medium']);

    await bench.write(async (tx) => {
      await tx.updateAction('low', ['APPROVED'], { status: 'COMPLETED' });
      await tx.appendEvent({ type: 'action.status', actionId: 'low', from: 'APPROVED', to: 'COMPLETED' });
    });
    await bench.drain(deliveries);
    expect(channel.messages.map(({ key }) => key)).toEqual(['fake|action:medium', 'fake|action:low']);
  });

  it('leaves a create that goes as asked to the card of the agent, and shows one that fails', async () => {
    const channel = createFakeChannel();
    const deliveries = bench.start(channel);
    await insertAgent();
    await insertAction({
      id: 'c1',
      kind: 'agent.create',
      approval: null,
      level: 'MEDIUM',
      status: 'EXECUTING',
    });
    await bench.drain(deliveries);
    expect(titles(channel)).toEqual(['Agent box']);

    await bench.write(async (tx) => {
      await tx.updateAction('c1', ['EXECUTING'], { status: 'FAILED' });
      await tx.appendEvent({ type: 'action.status', actionId: 'c1', from: 'EXECUTING', to: 'FAILED' });
    });
    await bench.drain(deliveries);
    expect(titles(channel)).toEqual(['Agent box', 'create box']);
  });

  it('shows the one who asked from another platform what comes of it', async () => {
    const here = createFakeChannel();
    const there = createFakeChannel({ name: 'other' });
    const deliveries = bench.start(here, there);
    await insertAgent();
    await insertAction({ thread: { channel: 'other', space: 's', room: 'q', thread: null } });
    await bench.drain(deliveries);
    expect(titles(here)).toEqual(['Agent box', 'exec box']);
    expect(titles(there)).toEqual(['exec box']);
  });

  it('warns of a coming stop with a card of its own', async () => {
    const channel = createFakeChannel();
    const deliveries = bench.start(channel);
    await insertAgent();
    await bench.append({
      type: 'agent.warning',
      agentId: agent().id,
      reason: 'idle',
      stopsAt: 1_700_000_100_000,
    });
    await bench.drain(deliveries);
    expect(titles(channel)).toEqual(['Agent box', 'Agent box will be stopped at 2023-11-14 22:15:00 UTC']);
  });

  it('sends notices to the team into its rooms', async () => {
    const channel = createFakeChannel();
    bench.teamRooms.push(room('team'), room('ops'));
    await bench.append({ type: 'team.notice', title: 'Audit head', text: '', tone: 'neutral' });
    await bench.drain(bench.start(channel));
    expect(channel.messages.map(({ ref }) => ref.thread.room)).toEqual(['team', 'ops']);
  });
});

describe('a flood of changes', () => {
  it('does not hold back votes: each is shown at once, in the interval too', async () => {
    const channel = createFakeChannel({ limits: { editIntervalMs: 60_000 } });
    const deliveries = bench.start(channel);
    await insertAgent();
    const { id } = await insertAction();
    await bench.drain(deliveries);
    const edits = () => channel.calls.filter(({ type }) => type === 'update').length;
    const before = edits();
    const start = bench.clock.now();

    for (const personId of ['bob', 'carol']) {
      await bench.write(async (tx) => {
        await tx.appendEvent({ type: 'action.vote', actionId: id, personId, decision: 'approve' });
      });
      await bench.drain(deliveries);
    }

    expect(edits() - before).toBe(2);
    expect(bench.clock.now() - start).toBeLessThan(1000);
  });

  it('is one message that shows the newest state, edited no faster than the platform likes', async () => {
    const channel = createFakeChannel({ limits: { editIntervalMs: 1000 } });
    const deliveries = bench.start(channel);
    await insertAgent();
    await bench.drain(deliveries);
    const times: number[] = [];
    channel.before = ({ type }) => {
      if (type === 'update') times.push(bench.clock.now());
    };
    for (let change = 0; change < 50; change += 1) {
      await bench.write(async (tx) => {
        await tx.updateAgent(agent().id, { from: ['RUNNING'] }, { errorMessage: `change ${change}` });
        await tx.appendEvent({ type: 'agent.changed', agentId: agent().id, what: 'test' });
      });
      bench.clock.advance(100);
    }
    await bench.drain(deliveries);

    expect(channel.messages).toHaveLength(1);
    expect(channel.messages[0]?.card.text).toEqual(['change 49']);
    expect(times.length).toBeGreaterThan(1);
    expect(times.length).toBeLessThanOrEqual(7);
    for (const [index, at] of times.entries()) {
      expect(at - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(1000);
    }
  });

  it('keeps to the budget of posts in every minute and loses none, in order', async () => {
    const channel = createFakeChannel({ limits: { postsPerMinute: 30 } });
    const times: number[] = [];
    channel.before = () => void times.push(bench.clock.now());
    const deliveries = bench.start(channel);
    const wanted = Array.from({ length: 80 }, (_, index) => `notice ${index}`);
    await bench.append(...wanted.map((title) => notice(title)));
    await bench.drain(deliveries, 500);

    expect(titles(channel)).toEqual(wanted);
    for (const at of times) {
      expect(times.filter((other) => other >= at && other < at + 60_000).length).toBeLessThanOrEqual(30);
    }
  });

  it('lets an approval in another thread go before announcements that wait', async () => {
    const channel = createFakeChannel({ limits: { postsPerMinute: 6 } });
    const deliveries = bench.start(channel);
    await bench.append(...Array.from({ length: 5 }, (_, index) => notice(`notice ${index}`)));
    await bench.until(() => channel.messages.length === 1);
    await insertAction({ agentId: null, thread: room('elsewhere') });
    await bench.drain(deliveries, 500);
    expect(titles(channel).indexOf('exec')).toBe(1);
  });
});

describe('a platform that fails', () => {
  it('gets the card again, with pauses that grow, until it takes it', async () => {
    const channel = createFakeChannel();
    const times: number[] = [];
    channel.before = () => {
      times.push(bench.clock.now());
      if (times.length <= 5) throw transient();
    };
    const deliveries = bench.start(channel);
    await bench.append(notice('one'));
    await bench.drain(deliveries);
    expect(titles(channel)).toEqual(['one']);
    const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
    expect(pauses).toHaveLength(5);
  });

  it('is left alone as long as it says, by all posts', async () => {
    const channel = createFakeChannel();
    const times: number[] = [];
    channel.before = () => {
      times.push(bench.clock.now());
      if (times.length === 1) throw transient(30_000);
    };
    const deliveries = bench.start(channel);
    await bench.append(notice('one'));
    await bench.until(async () => (await bench.store.delivery('fake|event:1|s/r/'))?.attempts === 1);
    await bench.append(notice('two', 'elsewhere'));
    await bench.drain(deliveries, 500);
    expect(titles(channel).toSorted()).toEqual(['one', 'two']);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(30_000);
  });

  it('is asked whether a post has landed before it is posted again', async () => {
    const channel = createFakeChannel();
    let lost = 1;
    channel.after = ({ type }) => {
      if (type === 'post' && lost-- > 0) throw transient();
    };
    const deliveries = bench.start(channel);
    await bench.append(notice('one'));
    await bench.drain(deliveries);
    expect(titles(channel)).toEqual(['one']);
    expect(channel.calls.map(({ type }) => type)).toEqual(['post', 'post']);
  });

  it('holds back later posts of a thread while an earlier one is tried again, and no other thread', async () => {
    const channel = createFakeChannel();
    let failures = 3;
    channel.before = ({ card }) => {
      if (card?.title === 'first' && failures-- > 0) throw transient();
    };
    const deliveries = bench.start(channel);
    await bench.append(notice('first'), notice('second'), notice('other', 'elsewhere'));
    await bench.drain(deliveries);
    expect(titles(channel)).toEqual(['other', 'first', 'second']);
  });

  it('that is slow in one thread blocks no other', async () => {
    const channel = createFakeChannel();
    const slow = Promise.withResolvers<void>();
    channel.before = ({ thread }) => (thread.room === 'slow' ? slow.promise : undefined);
    const deliveries = bench.start(channel);
    await bench.append(notice('stuck', 'slow'), notice('one'), notice('two'), notice('three', 'x'));
    await deliveries.drained([room('r'), room('x')]);
    expect(titles(channel).toSorted()).toEqual(['one', 'three', 'two']);
    slow.resolve();
    await bench.drain(deliveries);
    expect(titles(channel)).toHaveLength(4);
  });

  it('that never answers holds its thread for a minute, and the post is looked for then', async () => {
    const channel = createFakeChannel();
    let hangs = 1;
    channel.after = () => (hangs-- > 0 ? new Promise(() => {}) : undefined);
    const deliveries = bench.start(channel);
    await bench.append(notice('one'));
    await bench.drain(deliveries, 1000);
    expect(titles(channel)).toEqual(['one']);
    expect(channel.calls).toHaveLength(2);
  });

  it('for ever gets no more of that card; the team is told once', async () => {
    const channel = createFakeChannel();
    bench.teamRooms.push(room('team'));
    channel.before = ({ thread }) => {
      if (thread.room === 'gone') throw permanent();
    };
    const deliveries = bench.start(channel);
    await bench.append(notice('lost', 'gone'));
    await bench.until(() => channel.messages.length === 1);
    await bench.drain(deliveries);
    expect(titles(channel)).toEqual(['A card could not be delivered on fake']);
    expect(await bench.store.deadDeliveries(10)).toMatchObject([
      { deadReason: 'the bot was removed from the room' },
    ]);
  });

  it('does not loop when the team cannot be told either', async () => {
    const channel = createFakeChannel();
    bench.teamRooms.push(room('team'));
    channel.before = () => {
      throw permanent();
    };
    const deliveries = bench.start(channel);
    await bench.append(notice('lost'));
    await bench.until(async () => (await bench.store.deadDeliveries(10)).length === 2);
    await bench.drain(deliveries);
    expect(channel.calls).toHaveLength(2);
    expect(await bench.store.lastEventSeq()).toBe(2);
  });
});

describe('a stop', () => {
  it('waits for a platform that hangs only for a moment, and the post is looked for after the next start', async () => {
    const channel = createFakeChannel();
    const began = Promise.withResolvers<void>();
    channel.after = () => {
      began.resolve();
      return new Promise(() => {});
    };
    const first = bench.start(channel);
    await bench.append(notice('one'));
    await began.promise;
    const startedAt = bench.clock.now();

    let over = false;
    void first.stop().then(() => {
      over = true;
    });
    await bench.until(() => over);

    expect(bench.clock.now() - startedAt).toBeLessThan(SEND_DEADLINE_MS / 2);
    channel.after = () => {};
    await bench.drain(bench.start(channel));
    expect(channel.messages).toHaveLength(1);
  });
});

describe('a restart', () => {
  it('in the middle of a post finds what has landed and posts the rest, nothing twice', async () => {
    const channel = createFakeChannel();
    const landed = Promise.withResolvers<void>();
    channel.after = ({ card }) => {
      if (card?.title !== 'one') return undefined;
      landed.resolve();
      // The process dies here: the answer never arrives.
      return new Promise(() => {});
    };
    bench.start(channel);
    await bench.append(notice('one'), notice('two'));
    await landed.promise;
    expect(await bench.store.delivery('fake|event:1|s/r/')).toMatchObject({
      maybePosted: true,
      message: null,
    });

    // A second life on the same store; the first one hangs for ever in its call, as a dead process would.
    channel.after = () => {};
    const deliveries = bench.start(channel);
    await bench.drain(deliveries);
    expect(titles(channel)).toEqual(['one', 'two']);
    expect(await bench.store.delivery('fake|event:1|s/r/')).toMatchObject({ maybePosted: false });
    bench.clock.advance(60_000);
  });

  it('goes on from the stored cursor: every event has its card, none has two', async () => {
    const channel = createFakeChannel();
    const first = bench.start(channel);
    await bench.append(notice('one'));
    await bench.drain(first);
    await first.stop();
    await bench.append(notice('two'), notice('three'));
    const second = bench.start(channel);
    await bench.drain(second);
    expect(titles(channel)).toEqual(['one', 'two', 'three']);
  });

  it('after a random mix of faults has lost nothing, doubled nothing and kept the order', async () => {
    let seed = 42;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed / 2 ** 31;
    };
    const channel = createFakeChannel({ limits: { postsPerMinute: 600, editsPerMinute: 600 } });
    channel.before = () => {
      if (random() < 0.2) throw transient(random() < 0.3 ? 500 : undefined);
    };
    channel.after = () => {
      if (random() < 0.2) throw transient();
    };
    let deliveries = bench.start(channel);
    for (let round = 0; round < 6; round += 1) {
      await bench.append(
        ...Array.from({ length: 10 }, (_, index) => notice(`${round}-${index}`, `room${index % 3}`)),
      );
      if (round % 2 === 1) {
        await deliveries.stop();
        deliveries = bench.start(channel);
      }
    }
    await bench.drain(deliveries, 200);

    expect(new Set(channel.messages.map(({ key }) => key)).size).toBe(channel.messages.length);
    expect(channel.messages).toHaveLength(60);
    for (const place of ['room0', 'room1', 'room2']) {
      const here = channel.messages.filter(({ ref }) => ref.thread.room === place).map(({ key }) => key);
      const seqs = here.map((key) => Number(/event:(\d+)/.exec(key)?.[1]));
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    }
  });
});

describe('live output', () => {
  async function runningAction() {
    await insertAgent();
    return insertAction({ level: 'MEDIUM', status: 'EXECUTING', approval: null });
  }

  it('is shown by edits at the pace of the platform, the newest tail each time', async () => {
    const channel = createFakeChannel({ limits: { editIntervalMs: 1000 } });
    const deliveries = bench.start(channel);
    const { id } = await runningAction();
    await bench.drain(deliveries);
    const card = () => channel.messages.find(({ key }) => key === `fake|action:${id}`);

    bench.output(id, 'a\n', 2);
    await bench.until(() => card()?.card.output?.text === 'a\n');
    bench.output(id, 'a\nb\n', 4);
    bench.output(id, 'a\nb\nc\n', 6);
    const took = await bench.until(() => card()?.edits === 2);

    expect(card()?.card.output).toMatchObject({ text: 'a\nb\nc\n', live: true });
    expect(took).toBeGreaterThanOrEqual(900);
  });

  it('of commands that run side by side in a thread takes turns, and a decision there does not wait for it', async () => {
    const channel = createFakeChannel({ limits: { editIntervalMs: 1000 } });
    const deliveries = bench.start(channel);
    const { id } = await runningAction();
    const second = await insertAction({ id: 'second', level: 'MEDIUM', status: 'EXECUTING', approval: null });
    const asked = await insertAction({ id: 'asked', level: 'HIGH', status: 'PENDING' });
    await bench.drain(deliveries);
    const edits = (of: string) => channel.messages.find(({ key }) => key === `fake|action:${of}`)?.edits ?? 0;

    bench.output(id, 'a\n', 2);
    bench.output(second.id, 'b\n', 2);
    await bench.until(() => edits(id) + edits(second.id) === 1, 0);
    await bench.append({ type: 'action.vote', actionId: asked.id, personId: 'bob', decision: 'approve' });
    await bench.until(() => edits(asked.id) === 1, 0);
    const took = await bench.until(() => edits(id) + edits(second.id) === 2);

    expect([edits(id), edits(second.id)]).toEqual([1, 1]);
    expect(took).toBeGreaterThanOrEqual(900);
  });

  it('that a room has no room for holds up no edit of another room', async () => {
    const channel = createFakeChannel();
    const deliveries = bench.start(channel);
    const { id } = await runningAction();
    await bench.drain(deliveries);
    const elsewhere = await insertAction({
      id: 'elsewhere',
      agentId: null,
      thread: room('other'),
      level: 'MEDIUM',
      status: 'EXECUTING',
      approval: null,
    });
    await bench.drain(deliveries);
    const shown = () => channel.messages.find(({ key }) => key === `fake|action:${elsewhere.id}`);
    channel.before = ({ messageId }) => {
      if (messageId !== shown()?.ref.messageId)
        throw new AppError('CHANNEL_TRANSIENT', 'busy', { context: { retryAfterMs: 60_000, scope: 'room' } });
    };
    const calls = channel.calls.length;

    bench.output(id, 'a\n', 2);
    await bench.until(() => channel.calls.length > calls);
    bench.output(elsewhere.id, 'b\n', 2);
    const took = await bench.until(() => shown()?.edits === 1);

    expect(took).toBeLessThan(1000);
  });

  it('is not stored, and a platform that refuses it is not told again for it', async () => {
    const channel = createFakeChannel();
    const deliveries = bench.start(channel);
    const { id } = await runningAction();
    await bench.drain(deliveries);
    const before = await bench.store.delivery(`fake|action:${id}`);
    channel.before = () => {
      throw transient();
    };
    const calls = channel.calls.length;
    bench.output(id, 'a\n', 2);
    await bench.until(() => channel.calls.length === calls + 1);
    await bench.drain(deliveries);
    expect(await bench.store.delivery(`fake|action:${id}`)).toEqual(before);
    expect(channel.calls).toHaveLength(calls + 1);
  });

  it('of a card that is gone is not tried again and holds up no other edit', async () => {
    const channel = createFakeChannel({ limits: { editIntervalMs: 2000 } });
    const deliveries = bench.start(channel);
    const { id } = await runningAction();
    await bench.drain(deliveries);
    channel.before = ({ messageId }) => {
      if (messageId === channel.messages[1]?.ref.messageId) throw permanent('the message was deleted');
    };
    const refused = () => channel.calls.filter(({ messageId }) => messageId === 'm2').length;

    bench.output(id, 'a\n', 2);
    await bench.until(() => refused() === 1);
    bench.output(id, 'b\n', 4);
    await bench.write(async (tx) => {
      await tx.updateAgent(agent().id, { from: ['RUNNING'] }, { errorMessage: 'urgent' });
      await tx.appendEvent({ type: 'agent.changed', agentId: agent().id, what: 'test' });
    });
    const took = await bench.until(() => channel.messages[0]?.card.text[0] === 'urgent');
    await bench.drain(deliveries);

    expect(took).toBeLessThan(1000);
    expect(refused()).toBe(1);
  });

  it('keeps the pace of the platform after an edit that was due before its message had landed', async () => {
    const channel = createFakeChannel({ limits: { editIntervalMs: 2000 } });
    const landed = Promise.withResolvers<void>();
    channel.before = ({ type }) =>
      type === 'post' && channel.messages.length === 1 ? landed.promise : undefined;
    bench.start(channel);
    const { id } = await runningAction();
    await bench.until(() => channel.calls.length === 2);
    const read = bench.store.dueDeliveries.bind(bench.store);
    const late = Promise.withResolvers<void>();
    bench.store.dueDeliveries = async (...asked) => {
      const due = await read(...asked);
      await late.promise;
      return due;
    };
    const change = () =>
      bench.append({ type: 'action.status', actionId: id, from: 'EXECUTING', to: 'EXECUTING' });
    const edits = () => channel.calls.filter(({ messageId }) => messageId === 'm2').length;
    await change();
    await bench.until(async () => ((await bench.store.delivery(`fake|action:${id}`))?.wantedSeq ?? 0) > 2);
    landed.resolve();
    await bench.until(
      async () => ((await bench.store.delivery(`fake|action:${id}`))?.message ?? null) !== null,
    );
    late.resolve();
    await bench.until(() => edits() === 1);

    await change();
    const took = await bench.until(() => edits() === 2);

    expect(took).toBeGreaterThanOrEqual(1950);
  });

  it('keeps the pace of the platform from the end of an edit that took long', async () => {
    const channel = createFakeChannel({ limits: { editIntervalMs: 2000 } });
    const deliveries = bench.start(channel);
    const { id } = await runningAction();
    await bench.drain(deliveries);
    const landed = Promise.withResolvers<void>();
    channel.before = () => landed.promise;
    const edits = () => channel.calls.filter(({ type }) => type === 'update').length;
    bench.output(id, 'a\n', 2);
    await bench.until(() => edits() === 1);

    bench.clock.advance(5000);
    landed.resolve();
    bench.output(id, 'b\n', 4);
    const took = await bench.until(() => edits() === 2);

    expect(took).toBeGreaterThanOrEqual(1950);
  });

  it('leaves a reserve of edits for what matters', async () => {
    const channel = createFakeChannel({ limits: { editsPerMinute: 48 } });
    const deliveries = bench.start(channel);
    const { id } = await runningAction();
    await bench.drain(deliveries);
    const card = () => channel.messages.find(({ key }) => key === `fake|action:${id}`);
    // Eight edits may go out at once; live output leaves two of them.
    for (let line = 1; line <= 6; line += 1) {
      bench.output(id, `${line}`, line);
      await bench.until(() => card()?.edits === line, 0);
    }
    bench.output(id, '7', 7);
    await bench.write(async (tx) => {
      await tx.updateAgent(agent().id, { from: ['RUNNING'] }, { errorMessage: 'urgent' });
      await tx.appendEvent({ type: 'agent.changed', agentId: agent().id, what: 'test' });
    });
    await bench.until(() => channel.messages[0]?.card.text[0] === 'urgent', 0);
    expect(card()?.edits).toBe(6);
  });
});
