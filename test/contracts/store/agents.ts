import { describe, expect, test } from 'vitest';
import type { AgentInstance } from '../../../src/model/agent.ts';
import { threadKey } from '../../../src/model/thread.ts';
import type { Store } from '../../../src/store/store.ts';
import { aThread, anAgent } from '../../fixtures/records.ts';
import type { StoreHarness } from '../store.ts';

export function describeAgents(harness: () => StoreHarness): void {
  describe('agents', () => {
    test('gives back every member as it was stored', async () => {
      const { store } = harness();
      const full = anAgent({
        skillId: 'filesystem',
        exitCode: 137,
        exitCause: 'out-of-memory',
        errorMessage: 'line\nwith \u0000 and "quotes" and ☃',
        warnings: [],
        stoppedAt: 9_007_199_254_740_991,
        warnedAt: 5,
        cleaned: true,
        containerId: null,
      });
      await insert(store, full);
      expect(await store.agent(full.id)).toEqual(full);
      expect(await store.agent('unknown')).toBeNull();
    });

    test('refuses a second live agent of a name with NAME_TAKEN, and that transaction may go on', async () => {
      const { store } = harness();
      await insert(store, anAgent({ name: 'calm-otter' }));
      const other = anAgent({ name: 'calm-otter' });
      const renamed = await store.transaction(async (tx) => {
        await expect(tx.insertAgent(other)).rejects.toMatchObject({ code: 'NAME_TAKEN' });
        await tx.insertAgent({ ...other, name: 'calm-otter-2' });
        return tx.liveAgentByName('calm-otter-2');
      });
      expect(renamed?.id).toBe(other.id);
    });

    test.each([
      ['STOPPED', false, false],
      ['STOPPED', true, false],
      ['ERROR', true, false],
      ['ERROR', false, true],
      ['PENDING', false, true],
      ['CREATING', false, true],
      ['RUNNING', false, true],
      ['PAUSED', false, true],
      ['STOPPING', false, true],
    ] as const)('counts an agent %s with cleaned %s as live: %s', async (status, cleaned, live) => {
      const { store } = harness();
      const agent = anAgent({ name: 'calm-otter', status, cleaned });
      await insert(store, agent);
      expect(await store.countLiveAgents()).toBe(live ? 1 : 0);
      expect((await store.liveAgentByName('calm-otter'))?.id).toBe(live ? agent.id : undefined);
      expect(await store.agents({ live: true })).toHaveLength(live ? 1 : 0);
      expect(await store.agents({ live: false })).toHaveLength(live ? 0 : 1);
      const again = insert(store, anAgent({ name: 'calm-otter' }));
      if (live) await expect(again).rejects.toMatchObject({ code: 'NAME_TAKEN' });
      else await again;
    });

    test('frees the name when an agent stops, and refuses to take it back while another has it', async () => {
      const { store } = harness();
      const first = anAgent({ name: 'calm-otter' });
      await insert(store, first);
      await store.transaction((tx) => tx.updateAgent(first.id, { from: ['RUNNING'] }, { status: 'STOPPED' }));
      await insert(store, anAgent({ name: 'calm-otter' }));
      const back = store.transaction((tx) =>
        tx.updateAgent(first.id, { from: ['STOPPED'] }, { status: 'STOPPING' }),
      );
      await expect(back).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    });

    test('changes an agent only from a status expected, and raises its version', async () => {
      const { store } = harness();
      const agent = anAgent({ status: 'RUNNING', version: 7 });
      await insert(store, agent);
      const lost = await store.transaction((tx) =>
        tx.updateAgent(agent.id, { from: ['PAUSED', 'ERROR'] }, { status: 'STOPPING' }),
      );
      const won = await store.transaction((tx) =>
        tx.updateAgent(agent.id, { from: ['PAUSED', 'RUNNING'] }, { status: 'STOPPING', exitCode: 0 }),
      );
      expect(lost).toBeNull();
      expect(won).toEqual({ ...agent, status: 'STOPPING', exitCode: 0, version: 8 });
      expect(await store.agent(agent.id)).toEqual(won);
    });

    test('changes an agent only at the version expected, when one is', async () => {
      const { store } = harness();
      const agent = anAgent({ version: 3 });
      await insert(store, agent);
      const change = (version: number) =>
        store.transaction((tx) =>
          tx.updateAgent(agent.id, { from: ['RUNNING'], version }, { lastUsedAt: version }),
        );
      expect(await change(2)).toBeNull();
      expect(await change(3)).toMatchObject({ version: 4, lastUsedAt: 3 });
      expect(await change(3)).toBeNull();
    });

    test('lets one of twenty racing changes win', async () => {
      const { store } = harness();
      const agent = anAgent({ status: 'RUNNING' });
      await insert(store, agent);
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () =>
          store.transaction((tx) => tx.updateAgent(agent.id, { from: ['RUNNING'] }, { status: 'PAUSED' })),
        ),
      );
      expect(outcomes.filter((outcome) => outcome !== null)).toHaveLength(1);
    });

    test('sets members to null, and an empty change only raises the version', async () => {
      const { store } = harness();
      const agent = anAgent({ warnedAt: 5, errorMessage: 'x' });
      await insert(store, agent);
      const cleared = await store.transaction((tx) =>
        tx.updateAgent(agent.id, { from: ['RUNNING'] }, { warnedAt: null, errorMessage: null }),
      );
      const touched = await store.transaction((tx) => tx.updateAgent(agent.id, { from: ['RUNNING'] }, {}));
      expect(cleared).toMatchObject({ warnedAt: null, errorMessage: null, version: 2 });
      expect(touched).toMatchObject({ version: 3 });
    });

    test('lists newest first, by status, by owner and up to a limit', async () => {
      const { store } = harness();
      const agents = [
        anAgent({ createdAt: 1, ownerPerson: 'alice', status: 'STOPPED' }),
        anAgent({ createdAt: 3, ownerPerson: 'bob', status: 'RUNNING' }),
        anAgent({ createdAt: 2, ownerPerson: 'alice', status: 'PAUSED' }),
      ];
      for (const agent of agents) await insert(store, agent);
      const times = async (filter?: Parameters<Store['agents']>[0]) =>
        (await store.agents(filter)).map(({ createdAt }) => createdAt);
      expect(await times()).toEqual([3, 2, 1]);
      expect(await times({ limit: 2 })).toEqual([3, 2]);
      expect(await times({ statuses: ['PAUSED', 'STOPPED'] })).toEqual([2, 1]);
      expect(await times({ statuses: [] })).toEqual([]);
      expect(await times({ ownerPerson: 'alice', live: true })).toEqual([2]);
    });

    test('finds agents by the start of their id, live ones first, at most ten', async () => {
      const { store } = harness();
      const id = (index: number) => `abc${String(index).padStart(23, '0')}`;
      for (let index = 0; index < 12; index += 1) {
        await insert(
          store,
          anAgent({ id: id(index), createdAt: index, status: index === 4 ? 'RUNNING' : 'STOPPED' }),
        );
      }
      await insert(store, anAgent({ id: `abd${'0'.repeat(23)}` }));
      const found = await store.agentsByIdPrefix('abc');
      expect(found).toHaveLength(10);
      expect(found[0]?.id).toBe(id(4));
      expect(await store.agentsByIdPrefix('abd')).toHaveLength(1);
      expect(await store.agentsByIdPrefix('%')).toEqual([]);
    });

    test('finds the newest agent of a thread, also after the thread changed', async () => {
      const { store } = harness();
      const old = anAgent({ createdAt: 1, thread: aThread('t1'), status: 'STOPPED' });
      const young = anAgent({ createdAt: 2, thread: aThread('t1') });
      await insert(store, old);
      await insert(store, young);
      expect((await store.agentByThread(threadKey(aThread('t1'))))?.id).toBe(young.id);
      await store.transaction((tx) =>
        tx.updateAgent(young.id, { from: ['RUNNING'] }, { thread: aThread('t2') }),
      );
      expect((await store.agentByThread(threadKey(aThread('t1'))))?.id).toBe(old.id);
      expect((await store.agentByThread(threadKey(aThread('t2'))))?.thread).toEqual(aThread('t2'));
      expect(await store.agentByThread(threadKey(aThread(null)))).toBeNull();
    });
  });
}

function insert(store: Store, agent: AgentInstance): Promise<void> {
  return store.transaction((tx) => tx.insertAgent(agent));
}
