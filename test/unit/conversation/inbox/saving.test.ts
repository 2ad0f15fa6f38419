import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Card } from '../../../../src/conversation/card.ts';
import type { CommandRequest, Reply } from '../../../../src/conversation/channel.ts';
import { AppError } from '../../../../src/errors.ts';
import type { Store } from '../../../../src/store/store.ts';
import { type Desk, openDesk, ROOM } from './desk.ts';

let desk: Desk;
let release: () => void;

beforeEach(async () => {
  desk = await openDesk();
});
afterEach(async () => {
  release();
  await desk[Symbol.asyncDispose]();
});

/** From here on transactions hang before they begin, or between their work and their commit, until `release`. */
function hang(where: 'before' | 'at the commit'): void {
  const { store } = desk.bench;
  const working: Store['transaction'] = store.transaction.bind(store);
  const gate = Promise.withResolvers<void>();
  release = () => {
    store.transaction = working;
    gate.resolve();
  };
  store.transaction = async (work) => {
    if (where === 'before') await gate.promise;
    return working(async (tx) => {
      const done = await work(tx);
      await gate.promise;
      return done;
    });
  };
}

let ids = 0;

function create(name: string): CommandRequest {
  ids += 1;
  const who = { principal: 'slack:T1:alice', displayName: 'alice', groups: [], thread: ROOM };
  return { ...who, deliveryId: `p${ids}`, text: `create ${name}` };
}

/** Asks as a channel does whose platform waits no longer from `lose` on. */
function askWithPatience(request: CommandRequest) {
  const cards: Card[] = [];
  const patience = new AbortController();
  const reply: Reply = { private: async (card) => void cards.push(card), form: async () => {} };
  const accepted = desk.conversation.inbox.command(request, reply, { patience: patience.signal });
  return { accepted, cards, lose: () => patience.abort() };
}

const silent: Reply = { private: async () => {}, form: async () => {} };
const rowOf = ({ deliveryId }: CommandRequest) => desk.bench.store.inboxEntry(`slack:${deliveryId}`);
const begun = () => desk.bench.agents.began;

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await done())) await setImmediate();
}

describe('a request that the store has not begun to write when patience ends', () => {
  it('is told to be given up, and is not worked on when the store answers', async () => {
    hang('before');
    const request = create('box');
    const asked = askWithPatience(request);
    asked.lose();
    const accepted = await asked.accepted;
    release();
    await until(async () => (await rowOf(request)) !== null);

    expect(await accepted.settled).toEqual({ ok: false, waiting: false, actionId: null });
    expect(asked.cards).toMatchObject([{ state: { label: 'NOT_SAVED' }, text: ['ask again in a moment'] }]);
    expect(await rowOf(request)).toMatchObject({ settledAt: expect.any(Number), actionId: null });
    expect(begun()).toEqual([]);
  });

  it('does not run beside the second asking', async () => {
    hang('before');
    const first = create('box');
    const asked = askWithPatience(first);
    asked.lose();
    await asked.accepted;
    release();

    await (await askWithPatience({ ...create('box'), text: first.text }).accepted).settled;

    expect(begun()).toHaveLength(1);
    expect(await desk.bench.store.actions({})).toHaveLength(1);
  });

  it('is recognised when the platform delivers it again, before the store answers and after', async () => {
    hang('before');
    const request = create('box');
    const asked = askWithPatience(request);
    asked.lose();
    await asked.accepted;

    const meanwhile = askWithPatience(request).accepted;
    release();
    const later = await askWithPatience(request).accepted;

    expect([(await meanwhile).duplicate, later.duplicate]).toEqual([true, true]);
    expect(begun()).toEqual([]);
  });

  it('is recognised for a quarter of an hour where it could not be written at all', async () => {
    const { store, clock } = desk.bench;
    const request = create('box');
    const working: Store['transaction'] = store.transaction.bind(store);
    release = () => {};
    store.transaction = () => Promise.reject(new AppError('DISK_FULL', 'the disk is full'));
    const asked = askWithPatience(request);
    asked.lose();
    await asked.accepted;
    store.transaction = working;
    await setImmediate();

    expect((await askWithPatience(request).accepted).duplicate).toBe(true);
    clock.advance(15 * 60_000);
    expect((await askWithPatience(request).accepted).duplicate).toBe(false);
  });

  it('is not brought back by a crash', async () => {
    hang('before');
    const request = create('box');
    const asked = askWithPatience(request);
    asked.lose();
    await asked.accepted;
    release();
    await until(async () => (await rowOf(request)) !== null);

    await desk.conversation.stop();
    await desk.conversation.start();
    await desk.conversation.drained();

    expect(begun()).toEqual([]);
    expect(desk.channel.messages).toEqual([]);
  });
});

describe('a request that comes when patience has ended', () => {
  const late = { patience: AbortSignal.abort() };

  it('is done where the store answers at once', async () => {
    release = () => {};
    const accepted = await desk.conversation.inbox.command(create('box'), silent, late);

    expect(await accepted.settled).toMatchObject({ ok: true });
  });

  it('is given up after half a second where it does not', async () => {
    hang('before');
    const accepting = desk.conversation.inbox.command(create('box'), silent, late);
    desk.bench.clock.advance(500);

    expect(await (await accepting).settled).toMatchObject({ ok: false });
    expect(begun()).toEqual([]);
  });
});

describe('a request that the store is writing when patience ends', () => {
  it('is told to be on its way, never to ask again, and is done', async () => {
    hang('at the commit');
    const asked = askWithPatience(create('box'));
    await setImmediate();
    asked.lose();
    await setImmediate();
    const told = [...asked.cards];
    release();
    const accepted = await asked.accepted;

    expect(told).toMatchObject([{ title: 'Airlock is slow: your request is being saved' }]);
    expect(await accepted.settled).toMatchObject({ ok: true });
    expect(begun()).toHaveLength(1);
  });

  it('is given up when the store fails after all', async () => {
    const { store } = desk.bench;
    const working: Store['transaction'] = store.transaction.bind(store);
    const failed = Promise.withResolvers<never>();
    release = () => {
      store.transaction = working;
    };
    store.transaction = (work) =>
      working(async (tx) => {
        await work(tx);
        return failed.promise;
      });
    const request = create('box');
    const asked = askWithPatience(request);
    await setImmediate();
    asked.lose();
    failed.reject(new AppError('DISK_FULL', 'the disk is full'));
    const accepted = await asked.accepted;

    expect(await accepted.settled).toMatchObject({ ok: false });
    expect(asked.cards).toMatchObject([{ kind: 'notice' }, { state: { label: 'DISK_FULL' } }]);
    expect(await rowOf(request)).toBeNull();
  });
});

it('a request that is saved in time is not touched by the end of patience', async () => {
  release = () => {};
  const asked = askWithPatience(create('box'));
  const accepted = await asked.accepted;
  asked.lose();

  expect(await accepted.settled).toMatchObject({ ok: true });
  expect(asked.cards).toEqual([]);
});
