import { describe, expect, test } from 'vitest';
import type { ActionRecord } from '../../../src/model/action.ts';
import type { Store } from '../../../src/store/store.ts';
import { aVote, anAction } from '../../fixtures/records.ts';
import type { StoreHarness } from '../store.ts';

export function describeActions(harness: () => StoreHarness): void {
  describe('actions', () => {
    test('gives back every member as it was stored, the payload byte for byte', async () => {
      const { store } = harness();
      const action = anAction({
        status: 'COMPLETED',
        agentId: 'a'.repeat(26),
        persona: true,
        result: {
          message: 'done',
          evidence: { processesLeft: 0, nested: { list: [1, null, 'x'] } },
          exec: {
            success: false,
            exitCode: 3,
            cause: 'exited',
            signal: null,
            hints: ['near-process-limit'],
            timedOut: false,
            truncated: true,
            durationMs: 12.5,
            stdoutBytes: 1,
            stderrBytes: 0,
            outputFile: 'outputs/x.json',
            outputSha256: 'e'.repeat(64),
          },
        },
        error: { code: 'RUNTIME_FAILED', message: 'broke', hint: null },
      });
      const bare = anAction({ approval: null, expiresAt: null });
      await insert(store, action);
      await insert(store, bare);
      expect(await store.action(action.id)).toEqual(action);
      expect(await store.action(bare.id)).toEqual(bare);
      expect(await store.action('unknown')).toBeNull();
    });

    test('refuses an id that is known', async () => {
      const { store } = harness();
      const action = anAction();
      await insert(store, action);
      await expect(insert(store, action)).rejects.toMatchObject({ code: 'INTERNAL' });
    });

    test('moves an action only from a status expected', async () => {
      const { store } = harness();
      const action = anAction({ status: 'PENDING' });
      await insert(store, action);
      const approved = await store.transaction((tx) =>
        tx.updateAction(action.id, ['PENDING'], { status: 'APPROVED', decidedAt: 5 }),
      );
      const late = await store.transaction((tx) =>
        tx.updateAction(action.id, ['PENDING'], { status: 'REJECTED', decidedAt: 6 }),
      );
      expect(approved).toEqual({ ...action, status: 'APPROVED', decidedAt: 5 });
      expect(late).toBeNull();
      expect(await store.action(action.id)).toEqual(approved);
    });

    test('lets one of twenty racing executions win', async () => {
      const { store } = harness();
      const action = anAction({ status: 'APPROVED' });
      await insert(store, action);
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          store.transaction((tx) =>
            tx.updateAction(action.id, ['APPROVED'], { status: 'EXECUTING', startedAt: index }),
          ),
        ),
      );
      expect(outcomes.filter((outcome) => outcome !== null)).toHaveLength(1);
    });

    test('counts one vote a person, in the order they were cast', async () => {
      const { store } = harness();
      const action = anAction();
      await insert(store, action);
      const cast = (personId: string, decision: 'approve' | 'deny') =>
        store.transaction((tx) => tx.insertVote(aVote(action.id, { personId, decision, note: 'because' })));
      expect(await cast('zoe', 'approve')).toBe(true);
      expect(await cast('bob', 'approve')).toBe(true);
      expect(await cast('zoe', 'deny')).toBe(false);
      const votes = await store.votes(action.id);
      expect(votes).toEqual([
        aVote(action.id, { personId: 'zoe', decision: 'approve', note: 'because' }),
        aVote(action.id, { personId: 'bob', decision: 'approve', note: 'because' }),
      ]);
    });

    test('counts one of twenty racing votes of one person', async () => {
      const { store } = harness();
      const action = anAction();
      await insert(store, action);
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () => store.transaction((tx) => tx.insertVote(aVote(action.id)))),
      );
      expect(outcomes.filter(Boolean)).toHaveLength(1);
    });

    test('refuses a vote on an action that is not there', async () => {
      const { store } = harness();
      const attempt = store.transaction((tx) => tx.insertVote(aVote('unknown')));
      await expect(attempt).rejects.toMatchObject({ code: 'INTERNAL' });
    });

    test('lists newest first, by status, kind, agent, requester and up to a limit', async () => {
      const { store } = harness();
      await insert(store, anAction({ createdAt: 1, kind: 'agent.create', status: 'COMPLETED' }));
      await insert(store, anAction({ createdAt: 3, agentId: 'one', requesterPerson: 'bob' }));
      await insert(store, anAction({ createdAt: 2, agentId: 'one', status: 'EXECUTING' }));
      const times = async (filter?: Parameters<Store['actions']>[0]) =>
        (await store.actions(filter)).map(({ createdAt }) => createdAt);
      expect(await times()).toEqual([3, 2, 1]);
      expect(await times({ limit: 1 })).toEqual([3]);
      expect(await times({ statuses: ['COMPLETED', 'EXECUTING'] })).toEqual([2, 1]);
      expect(await times({ kinds: ['agent.create'] })).toEqual([1]);
      expect(await times({ agentId: 'one', requesterPerson: 'alice' })).toEqual([2]);
    });

    test('finds actions by the start of their id', async () => {
      const { store } = harness();
      await insert(store, anAction({ id: 'abcdefghijk1' }));
      await insert(store, anAction({ id: 'abcdefghijk2' }));
      await insert(store, anAction({ id: 'b00000000000' }));
      expect(await store.actionsByIdPrefix('abc')).toHaveLength(2);
      expect((await store.actionsByIdPrefix('b')).map(({ id }) => id)).toEqual(['b00000000000']);
      expect(await store.actionsByIdPrefix('_bc')).toEqual([]);
    });

    test('tells which unsettled actions have expired, and when the next one will', async () => {
      const { store } = harness();
      expect(await store.nextActionExpiry()).toBeNull();
      await insert(store, anAction({ id: 'pending', status: 'PENDING', expiresAt: 20 }));
      await insert(store, anAction({ id: 'approved', status: 'APPROVED', expiresAt: 10 }));
      await insert(store, anAction({ id: 'executing', status: 'EXECUTING', expiresAt: 1 }));
      await insert(store, anAction({ id: 'settled', status: 'EXPIRED', expiresAt: 1 }));
      await insert(store, anAction({ id: 'never', status: 'PENDING', expiresAt: null }));
      const expired = async (now: number) => (await store.actionsToExpire(now)).map(({ id }) => id);
      expect(await store.nextActionExpiry()).toBe(10);
      expect(await expired(9)).toEqual([]);
      expect(await expired(10)).toEqual(['approved']);
      expect(await expired(1_000)).toEqual(['approved', 'pending']);
    });

    test('tells what waits and is about to expire until that is on record', async () => {
      const { store } = harness();
      const notice = { part: 4, atMostMs: 100 };
      await insert(store, anAction({ id: 'short', createdAt: 0, expiresAt: 200 }));
      await insert(store, anAction({ id: 'long', createdAt: 0, expiresAt: 1_000 }));
      await insert(store, anAction({ id: 'approved', createdAt: 0, expiresAt: 10, status: 'APPROVED' }));
      await insert(store, anAction({ id: 'open', createdAt: 0, expiresAt: null }));
      const toWarn = async (now: number) => (await store.actionsToWarn(now, notice)).map(({ id }) => id);

      expect(await store.nextActionWarning(notice)).toBe(150);
      expect(await toWarn(149)).toEqual([]);
      expect(await toWarn(150)).toEqual(['short']);
      expect(await toWarn(900)).toEqual(['short', 'long']);

      await store.transaction((tx) =>
        tx.appendEvent({ type: 'action.expiring', actionId: 'short', expiresAt: 200 }),
      );
      expect(await store.nextActionWarning(notice)).toBe(900);
      expect(await toWarn(900)).toEqual(['long']);
    });
  });
}

function insert(store: Store, action: ActionRecord): Promise<void> {
  return store.transaction((tx) => tx.insertAction(action));
}
