import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRoomBudgets } from '../../../../src/conversation/deliveries/room-budgets.ts';
import { createTokenBucket } from '../../../../src/conversation/deliveries/token-bucket.ts';
import type { EventBody } from '../../../../src/model/event.ts';
import type { ThreadRef } from '../../../../src/model/thread.ts';
import { createFakeChannel, transient } from '../../../fakes/fake-channel.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { AppError } from '../../../../src/errors.ts';
import { action } from '../../commands/facts.ts';
import { createDeliveryBench, type DeliveryBench } from './bench.ts';

let bench: DeliveryBench;
beforeEach(async () => {
  bench = await createDeliveryBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const place = (room: string, thread: string | null = null): ThreadRef => ({
  channel: 'fake',
  space: 's',
  room,
  thread,
});

function notice(title: string, thread: ThreadRef): EventBody {
  return { type: 'notice', thread, title, text: '', tone: 'neutral' };
}

/** When each post reached the platform, by room. */
function record(channel: ReturnType<typeof createFakeChannel>): Map<string, number[]> {
  const times = new Map<string, number[]>();
  channel.before = ({ thread }) => {
    times.set(thread.room, [...(times.get(thread.room) ?? []), bench.clock.now()]);
  };
  return times;
}

function mostInAMinute(times: readonly number[]): number {
  return Math.max(...times.map((at) => times.filter((other) => other >= at && other < at + 60_000).length));
}

test('a room gets no more than its budget in any minute, whatever its threads, in order', async () => {
  const channel = createFakeChannel({ limits: { postsPerRoomPerMinute: 30 } });
  const times = record(channel);
  const deliveries = bench.start(channel);
  const threads = ['1', '2', '3', null];
  const wanted = Array.from({ length: 80 }, (_, index) =>
    notice(`${index}`, place('full', threads[index % 4] ?? null)),
  );

  await bench.append(...wanted);
  await bench.drain(deliveries, 500);

  expect(channel.messages).toHaveLength(80);
  expect(mostInAMinute(times.get('full') ?? [])).toBeLessThanOrEqual(30);
  for (const thread of threads) {
    const here = channel.messages.filter(({ ref }) => ref.thread.thread === thread);
    const numbers = here.map(({ card }) => Number(card.title));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  }
});

test('a room that has to wait delays no other room', async () => {
  const channel = createFakeChannel({ limits: { postsPerRoomPerMinute: 6 } });
  const deliveries = bench.start(channel);
  const flood = Array.from({ length: 40 }, (_, index) => notice(`flood ${index}`, place('full', `${index}`)));
  const others = Array.from({ length: 10 }, (_, index) => notice(`quiet ${index}`, place(`room ${index}`)));

  await bench.append(...flood, ...others);
  const took = await bench.until(
    () => channel.messages.filter(({ card }) => card.title.startsWith('quiet')).length === 10,
  );

  expect(took).toBeLessThanOrEqual(100);
  await bench.drain(deliveries, 1000);
  expect(channel.messages).toHaveLength(50);
});

test('more waiting threads of a full room than one look finds hide no other room', async () => {
  const channel = createFakeChannel({ limits: { postsPerRoomPerMinute: 6 } });
  bench.start(channel);
  const flood = Array.from({ length: 1100 }, (_, index) => notice('flood', place('full', `${index}`)));

  await bench.append(...flood, notice('quiet', place('elsewhere')));

  const took = await bench.until(() => channel.messages.some(({ card }) => card.title === 'quiet'));
  expect(took).toBeLessThanOrEqual(100);
});

test('a long queue in one thread hides no other thread, however small the budget of posts', async () => {
  const channel = createFakeChannel({ limits: { postsPerMinute: 60 } });
  bench.start(channel);
  const flood = Array.from({ length: 1500 }, (_, index) => notice(`flood ${index}`, place('full')));
  await bench.append(...flood);
  await bench.until(() => channel.messages.length === 1);

  await bench.write(async (tx) => {
    await tx.insertAction(action({ agentId: null, thread: place('elsewhere') }));
    await tx.appendEvent({ type: 'action.status', actionId: action().id, from: null, to: 'PENDING' });
  });

  await bench.until(() => channel.messages.some(({ card }) => card.title === 'exec'));
  expect(channel.messages.length).toBeLessThan(20);
});

test('in a room that waits an approval in another thread goes first', async () => {
  const channel = createFakeChannel({ limits: { postsPerRoomPerMinute: 6 } });
  const deliveries = bench.start(channel);
  await bench.append(...Array.from({ length: 5 }, (_, index) => notice(`${index}`, place('r', `${index}`))));
  await bench.until(() => channel.messages.length === 1);

  await bench.write(async (tx) => {
    await tx.insertAction(action({ agentId: null, thread: place('r', 'approval') }));
    await tx.appendEvent({ type: 'action.status', actionId: action().id, from: null, to: 'PENDING' });
  });
  await bench.drain(deliveries, 500);

  expect(channel.messages[1]?.card.title).toBe('exec');
});

test('a token of the channel is not lost to a room that refuses', async () => {
  const channel = createFakeChannel({ limits: { postsPerMinute: 12, postsPerRoomPerMinute: 1 } });
  bench.start(channel);

  // The channel gives two at once. The full room asks for many more, all before the other room.
  await bench.append(
    ...Array.from({ length: 10 }, (_, index) => notice('full', place('full', `${index}`))),
    notice('other', place('other')),
  );

  const took = await bench.until(() => channel.messages.length === 2);
  expect(channel.messages.map(({ card }) => card.title)).toEqual(['full', 'other']);
  expect(took).toBeLessThanOrEqual(100);
});

test('a platform that asks for a pause of one room is left alone in that room only', async () => {
  const channel = createFakeChannel();
  const times = record(channel);
  const counted = channel.before;
  let refusals = 1;
  channel.before = (call) => {
    void counted(call);
    if (call.thread.room !== 'busy' || refusals-- <= 0) return;
    const context = { retryAfterMs: 30_000, scope: 'room' };
    throw new AppError('CHANNEL_TRANSIENT', 'slow down here', { context });
  };
  const deliveries = bench.start(channel);
  await bench.append(notice('one', place('busy', '1')));
  await bench.until(async () => (await bench.store.delivery('fake|event:1|s/busy/1'))?.attempts === 1);

  await bench.append(notice('two', place('busy', '2')), notice('three', place('elsewhere')));
  const took = await bench.until(() => channel.messages.length === 1);
  await bench.drain(deliveries, 500);

  expect(took).toBeLessThanOrEqual(100);
  expect(channel.messages[0]?.card.title).toBe('three');
  const [first = 0, ...later] = times.get('busy') ?? [];
  expect(later).toHaveLength(2);
  for (const at of later) expect(at - first).toBeGreaterThanOrEqual(30_000);
});

test('a pause for the whole channel holds rooms that were never posted into', async () => {
  const channel = createFakeChannel({ limits: { postsPerRoomPerMinute: 60 } });
  let refusals = 1;
  channel.before = () => {
    if (refusals-- > 0) throw transient(30_000);
  };
  bench.start(channel);
  await bench.append(notice('one', place('a')));
  await bench.until(async () => (await bench.store.delivery('fake|event:1|s/a/'))?.attempts === 1);
  await bench.append(notice('two', place('b')));
  const took = await bench.until(() => channel.messages.length > 0, 500);
  expect(took).toBeGreaterThanOrEqual(29_500);
});

test('rooms that are idle are forgotten, and those in use keep their budget', () => {
  const clock = createManualClock();
  const rooms = createRoomBudgets(60, clock);
  const used = rooms.of({ space: 's', room: 'used' });
  while (used.take() === 0) clock.advance(1);
  rooms.of({ space: 's', room: 'paused' }).pause(3_600_000);
  clock.advance(2000);

  for (let index = 0; index < 1000; index += 1) rooms.of({ space: 's', room: `${index}` });

  expect(rooms.size).toBeLessThan(200);
  expect(rooms.of({ space: 's', room: 'used' })).toBe(used);
  expect(rooms.of({ space: 's', room: 'paused' }).wait()).toBeGreaterThan(0);
});

test('a token that was not used is given back, and never more than fits', () => {
  const clock = createManualClock();
  const bucket = createTokenBucket(6, clock);
  bucket.giveBack();
  expect(bucket.take()).toBe(0);
  expect(bucket.wait()).toBeGreaterThan(0);
  expect(bucket.isIdle()).toBe(false);
  bucket.giveBack();
  expect(bucket.isIdle()).toBe(true);
  expect(bucket.take()).toBe(0);
  expect(bucket.take()).toBeGreaterThan(0);
});
