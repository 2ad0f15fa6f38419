import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ActionRecord, ActionStatus } from '../../../../src/model/action.ts';
import type { ThreadRef } from '../../../../src/model/thread.ts';
import { createFakeChannel, type FakeChannel } from '../../../fakes/fake-channel.ts';
import { action, agent } from '../../commands/facts.ts';
import { createDeliveryBench, type DeliveryBench } from './bench.ts';

const ROOM: ThreadRef = { channel: 'other', space: '', room: 'approvals', thread: null };

let bench: DeliveryBench;
let here: FakeChannel;
let there: FakeChannel;
beforeEach(async () => {
  bench = await createDeliveryBench();
  here = createFakeChannel();
  there = createFakeChannel({ name: 'other', limits: { codeCharacters: 100 } });
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

/** An action in a running agent comes into being. */
async function asked(facts: Partial<ActionRecord> = {}): Promise<void> {
  const record = action(facts);
  await bench.write(async (tx) => {
    await tx.insertAgent(agent());
    await tx.insertAction(record);
    await tx.appendEvent({ type: 'action.status', actionId: record.id, from: null, to: record.status });
  });
}

async function moved(from: ActionStatus, to: ActionStatus): Promise<void> {
  await bench.write(async (tx) => {
    await tx.updateAction(action().id, [from], { status: to });
    await tx.appendEvent({ type: 'action.status', actionId: action().id, from, to });
  });
}

/** What people see of actions on a channel: the room, the title and the state of each card. */
const shown = (channel: FakeChannel) =>
  channel.messages
    .filter(({ card }) => card.kind === 'action')
    .map(({ ref, card }) => [ref.thread.room, card.title, card.state?.label]);

it('shows an approval in the room of the other platform too, and edits both cards', async () => {
  bench.approvalRooms.push(ROOM);
  const deliveries = bench.start(here, there);
  await asked();
  await bench.drain(deliveries);
  expect(shown(there)).toEqual([['approvals', 'exec box', 'waiting for approval (0 of 2)']]);
  expect(there.messages[0]?.card.buttons).toEqual(here.messages[1]?.card.buttons);

  await moved('PENDING', 'REJECTED');
  await bench.drain(deliveries);

  expect(shown(here)).toEqual([['r', 'exec box', 'rejected']]);
  expect(shown(there)).toEqual([['approvals', 'exec box', 'rejected']]);
});

it('keeps the agent itself, and what nobody has to decide, where they are', async () => {
  bench.approvalRooms.push(ROOM);
  const deliveries = bench.start(here, there);
  await asked({ status: 'APPROVED', level: 'MEDIUM', approval: null });
  await moved('APPROVED', 'EXECUTING');
  await bench.drain(deliveries);
  expect(here.messages).toHaveLength(2);
  expect(there.messages).toEqual([]);
});

it('has one card on a platform, where the action is discussed', async () => {
  bench.approvalRooms.push(ROOM, { ...ROOM, channel: 'fake' });
  const deliveries = bench.start(here, there);
  await asked({ thread: { ...ROOM, room: 'q' } });
  await bench.drain(deliveries);
  expect(shown(here)).toEqual([['r', 'exec box', 'waiting for approval (0 of 2)']]);
  expect(shown(there)).toEqual([['q', 'exec box', 'waiting for approval (0 of 2)']]);
});

it('tells a room how it went on when the file names it no more, and no other half-way', async () => {
  bench.approvalRooms.push(ROOM);
  const deliveries = bench.start(here, there);
  await asked();
  await bench.drain(deliveries);
  bench.approvalRooms.splice(0, 1, { ...ROOM, room: 'new' });
  await moved('PENDING', 'EXPIRED');
  await bench.drain(deliveries);
  expect(shown(there)).toEqual([['approvals', 'exec box', 'expired']]);
});

it('starts no card in a room that was named after the question', async () => {
  const deliveries = bench.start(here, there);
  await asked();
  await bench.drain(deliveries);
  bench.approvalRooms.push(ROOM);
  await moved('PENDING', 'REJECTED');
  await bench.drain(deliveries);
  expect(there.messages).toEqual([]);
});

it('puts the exact code beside a card that is too small for it', async () => {
  bench.approvalRooms.push(ROOM);
  const deliveries = bench.start(here, there);
  const payload = action().payload.replace('ls -la', `echo ${'x'.repeat(200)}`);
  await asked({ payload });
  await bench.drain(deliveries);
  expect(here.files).toEqual([]);
  expect(there.files.map(({ ref }) => ref.thread)).toEqual([ROOM]);
});

it('asks on the platform that works while the other is away', async () => {
  bench.approvalRooms.push(ROOM);
  const away = Promise.withResolvers<void>();
  here.before = () => away.promise;
  bench.start(here, there);
  await asked();
  await bench.until(() => there.messages.length > 0);
  away.resolve();
  expect(shown(there)).toEqual([['approvals', 'exec box', 'waiting for approval (0 of 2)']]);
});
