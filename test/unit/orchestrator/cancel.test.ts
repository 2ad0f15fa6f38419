import { expect, test } from 'vitest';
import type { ExecResult } from '../../../src/model/action.ts';
import { openWorkbench, refusalOf, type Workbench } from './workbench.ts';

const HIGH = { kind: 'agent.create' as const, params: { name: 'net', limits: { networkEnabled: true } } };

function cancel(bench: Workbench, actionId: string, name: string) {
  return bench.orchestrator.cancel({ actionId, actor: bench.who(name), inboxId: null });
}

/** A command that runs until it is cancelled. */
function hang(): Promise<Partial<ExecResult>> {
  return Promise.withResolvers<Partial<ExecResult>>().promise;
}

test.each(['alice', 'erin'])(
  '%s takes back what waits, and the reserved agent is given back',
  async (name) => {
    await using bench = await openWorkbench();
    const action = await bench.submit(HIGH);
    expect((await cancel(bench, action.id, name)).status).toBe('CANCELLED');
    expect(await bench.store.liveAgentByName('net')).toBeNull();
    expect(await refusalOf(bench.approve(action, bench.who('carol')))).toBe('ACTION_SETTLED');
    expect(bench.agents.began).toEqual([]);
  },
);

test("who took back the request of another is named by their id too, for a name is anybody's to choose", async () => {
  await using bench = await openWorkbench();
  const action = await bench.submit(HIGH);
  const erin = { ...bench.who('erin'), displayName: 'carol' };

  const cancelled = await bench.orchestrator.cancel({ actionId: action.id, actor: erin, inboxId: null });

  expect(cancelled.error?.message).toBe('cancelled by carol (slack:T1:erin)');
});

test.each(['bob', 'carol'])(
  '%s may not cancel what another asked for, and the try is in the audit',
  async (name) => {
    await using bench = await openWorkbench();
    const action = await bench.submit(HIGH);
    expect(await refusalOf(cancel(bench, action.id, name))).toBe('NOT_ALLOWED');
    expect((await bench.store.action(action.id))?.status).toBe('PENDING');
    expect((await bench.audit()).at(-1)).toMatchObject({ type: 'cancel.refused', actionId: action.id });
  },
);

test('a running command is ended and its action is CANCELLED', async () => {
  await using bench = await openWorkbench();
  await bench.agent('box');
  const started = Promise.withResolvers<void>();
  bench.agents.onExec = () => {
    started.resolve();
    return hang();
  };
  const action = await bench.submit({ kind: 'agent.exec', params: { agent: 'box', command: 'sleep 99' } });
  await started.promise;

  expect(await refusalOf(cancel(bench, action.id, 'bob'))).toBe('NOT_ALLOWED');
  await cancel(bench, action.id, 'alice');

  expect((await bench.orchestrator.settled(action.id)).status).toBe('CANCELLED');
  expect(await refusalOf(cancel(bench, action.id, 'alice'))).toBe('ACTION_SETTLED');
});

test('a cancel and an approval at the same instant settle it one way only', async () => {
  for (const cancelFirst of [true, false]) {
    await using bench = await openWorkbench();
    const action = await bench.submit(HIGH);
    const both = [() => cancel(bench, action.id, 'alice'), () => bench.approve(action, bench.who('carol'))];
    if (!cancelFirst) both.reverse();
    await Promise.allSettled(both.map((move) => move()));
    const settled = await bench.orchestrator.settled(action.id);
    expect(['CANCELLED', 'COMPLETED']).toContain(settled.status);
    expect(bench.agents.began).toHaveLength(settled.status === 'COMPLETED' ? 1 : 0);
    const running = await bench.store.liveAgentByName('net');
    expect(running?.status ?? null).toBe(settled.status === 'COMPLETED' ? 'RUNNING' : null);
  }
});
