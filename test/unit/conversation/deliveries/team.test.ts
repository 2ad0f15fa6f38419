import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActionRecord, ActionStatus, Vote } from '../../../../src/model/action.ts';
import type { EventBody } from '../../../../src/model/event.ts';
import type { ThreadRef } from '../../../../src/model/thread.ts';
import { createFakeChannel, permanent } from '../../../fakes/fake-channel.ts';
import { action, agent } from '../../commands/facts.ts';
import { createDeliveryBench, type DeliveryBench } from './bench.ts';

let bench: DeliveryBench;
beforeEach(async () => {
  bench = await createDeliveryBench();
  bench.teamRooms.push(TEAM);
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const ROOM: ThreadRef = { channel: 'fake', space: 's', room: 'r', thread: null };
const TEAM: ThreadRef = { ...ROOM, room: 'team' };
const ID = action().id;

/** What the team's room shows: title, state and text of each message. */
function told(channel: ReturnType<typeof createFakeChannel>, room = 'team'): string[][] {
  return channel.messages
    .filter(({ ref, key }) => ref.thread.room === room && key.includes('event:'))
    .map(({ card }) => [card.title, card.state?.label ?? '', ...card.text]);
}

function vote(facts: Partial<Vote> = {}): Vote {
  return {
    actionId: ID,
    personId: 'carol',
    principal: 'fake:carol',
    displayName: 'Carol',
    decision: 'approve',
    note: null,
    persona: false,
    at: 1,
    ...facts,
  };
}

/** An action that went `from` -> `to`. */
async function moved(
  from: ActionStatus | null,
  to: ActionStatus,
  facts: Partial<ActionRecord> = {},
  votes: readonly Vote[] = [],
): Promise<void> {
  await bench.write(async (tx) => {
    await tx.insertAction(action({ agentId: null, status: to, ...facts }));
    for (const each of votes) await tx.insertVote(each);
    await tx.appendEvent({ type: 'action.status', actionId: facts.id ?? ID, from, to });
  });
}

async function shown(): Promise<string[][]> {
  const channel = createFakeChannel();
  await bench.drain(bench.start(channel));
  return told(channel);
}

const ASKED = `asked by Alice (fake:alice) · action ${ID} · hash 1a2b-3c4d-5e6f`;

describe('the team is told in one line', () => {
  it('of an agent that failed: why, whose it is and where', async () => {
    await bench.write(async (tx) => {
      await tx.insertAgent(agent({ status: 'ERROR' }));
      await tx.appendEvent({
        type: 'agent.status',
        agentId: agent().id,
        from: 'RUNNING',
        to: 'ERROR',
        reason: 'the sandbox died',
      });
    });
    expect(await shown()).toEqual([
      ['Agent box', 'failed', 'the sandbox died', 'owner fake:alice · in fake r'],
    ]);
  });

  it('of an approval, with everybody who gave one', async () => {
    await moved('PENDING', 'APPROVED', {}, [
      vote(),
      vote({ personId: 'dave', principal: 'fake:dave', displayName: 'Dave', persona: true }),
    ]);
    expect(await shown()).toEqual([
      ['HIGH: exec', 'approved', 'by Carol (fake:carol) and Dave (fake:dave) [persona]', ASKED],
    ]);
  });

  it('of a denial, with its reason', async () => {
    await moved('PENDING', 'REJECTED', { level: 'CRITICAL' }, [
      vote({ decision: 'deny', note: 'too risky' }),
    ]);
    expect(await shown()).toEqual([
      ['CRITICAL: exec', 'rejected', 'by Carol (fake:carol): too risky', ASKED],
    ]);
  });

  it('of what Airlock itself refused to run after it was approved', async () => {
    const error = { code: 'RECHECK_FAILED', message: 'the policy has changed', hint: null };
    await moved('APPROVED', 'REJECTED', { error }, [vote()]);
    expect(await shown()).toEqual([['HIGH: exec', 'rejected', 'the policy has changed', ASKED]]);
  });

  it('of what expired and of what was cancelled', async () => {
    await moved('PENDING', 'EXPIRED');
    const error = { code: 'CANCELLED', message: 'cancelled by the requester', hint: null };
    await moved('PENDING', 'CANCELLED', { id: 'b'.repeat(12), error });
    expect(await shown()).toEqual([
      ['HIGH: exec', 'expired', 'not decided in time', ASKED],
      ['HIGH: exec', 'cancelled', 'cancelled by the requester', ASKED.replace(ID, 'b'.repeat(12))],
    ]);
  });

  it('of an approval that is about to expire, and not once it was decided', async () => {
    const expiring = (actionId: string): EventBody => ({
      type: 'action.expiring',
      actionId,
      expiresAt: action().expiresAt ?? 0,
    });
    await moved(null, 'PENDING', {}, [vote()]);
    await moved('PENDING', 'REJECTED', { id: 'b'.repeat(12), level: 'MEDIUM' });
    await bench.append(expiring(ID), expiring('b'.repeat(12)));
    expect(await shown()).toEqual([
      [
        'exec waits for an approval until 2023-11-14 23:13:30 UTC',
        'about to expire',
        `1 of 2 approvals · ${ASKED} · in fake r`,
      ],
    ]);
  });
});

describe('the team is not told', () => {
  it('of what nobody had to decide, of what only waits, and of what is cancelled while it runs', async () => {
    await moved(null, 'APPROVED', { id: 'a'.repeat(12), level: 'MEDIUM', approval: null });
    await moved('PENDING', 'CANCELLED', { id: 'b'.repeat(12), level: 'MEDIUM' });
    await moved(null, 'PENDING', { id: 'c'.repeat(12) });
    await moved('EXECUTING', 'CANCELLED', { id: 'd'.repeat(12) });
    await moved('EXECUTING', 'COMPLETED', { id: 'e'.repeat(12) });
    expect(await shown()).toEqual([]);
  });
});

it('says it once where the card stands in the same room already', async () => {
  bench.teamRooms.splice(0, 1, ROOM);
  const channel = createFakeChannel();
  await moved('PENDING', 'EXPIRED');
  await bench.drain(bench.start(channel));
  expect(channel.messages.map(({ card }) => card.title)).toEqual(['exec', 'HIGH: exec']);
});

it('goes on from the stored cursor: no line is lost or doubled by a restart', async () => {
  const channel = createFakeChannel();
  const first = bench.start(channel);
  await moved('PENDING', 'EXPIRED');
  await bench.drain(first);
  await first.stop();
  await moved('PENDING', 'EXPIRED', { id: 'b'.repeat(12) });
  await bench.drain(bench.start(channel));
  expect(told(channel)).toHaveLength(2);
});

it('a room of the team that is gone starts no endless tale', async () => {
  const channel = createFakeChannel();
  channel.before = ({ thread }) => {
    if (thread.room === 'team') throw permanent();
  };
  const deliveries = bench.start(channel);
  await moved('PENDING', 'EXPIRED');
  await bench.drain(deliveries);
  expect(await bench.store.lastEventSeq()).toBe(1);
  expect(await bench.store.deadDeliveries(10)).toHaveLength(1);
});

it('an approval goes before lines for the team', async () => {
  const channel = createFakeChannel({ limits: { postsPerMinute: 6 } });
  await bench.append(
    ...Array.from(
      { length: 5 },
      (): EventBody => ({ type: 'team.notice', title: 't', text: '', tone: 'neutral' }),
    ),
  );
  await moved(null, 'PENDING', { thread: { ...ROOM, room: 'approvals' } });
  await bench.drain(bench.start(channel), 500);
  expect(channel.messages[0]?.ref.thread.room).toBe('approvals');
});
