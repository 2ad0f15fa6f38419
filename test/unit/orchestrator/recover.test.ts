import { expect, test } from 'vitest';
import type { AgentStatus } from '../../../src/model/agent.ts';
import type { ActionDraft } from '../../../src/orchestrator/types.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

/** Leaves an action as a crash in the middle of its work does: EXECUTING, its agent in `status`. */
async function crashDuring(bench: Workbench, draft: ActionDraft, status: AgentStatus): Promise<string> {
  const before = bench.agents;
  const action = await bench.run(draft);
  bench.tamper("UPDATE actions SET status = 'EXECUTING', finishedAt = NULL WHERE id = ?", action.id);
  bench.tamper('UPDATE agents SET status = ? WHERE id = ?', status, action.agentId ?? '');
  before.began.length = 0;
  return action.id;
}

test.each([
  ['agent.pause', 'PAUSED', 'COMPLETED'],
  ['agent.pause', 'RUNNING', 'FAILED'],
  ['agent.resume', 'RUNNING', 'COMPLETED'],
  ['agent.resume', 'PAUSED', 'FAILED'],
  ['agent.stop', 'STOPPED', 'COMPLETED'],
  ['agent.stop', 'RUNNING', 'FAILED'],
  ['agent.extend', 'RUNNING', 'COMPLETED'],
] as const)('an interrupted %s is settled by looking: %s means %s', async (kind, found, settled) => {
  await using bench = await openWorkbench();
  await bench.agent('box');
  if (kind === 'agent.resume') bench.tamper("UPDATE agents SET status = 'PAUSED'");
  const id = await crashDuring(bench, { kind, params: { agent: 'box' } }, found);

  await bench.restart();

  expect((await bench.store.action(id))?.status).toBe(settled);
  expect(bench.agents.began).toEqual([]);
  expect((await bench.audit()).at(-1)).toMatchObject({ type: 'action.finished', actionId: id });
});

test('an interrupted create is settled by looking', async () => {
  for (const [found, settled] of [
    ['RUNNING', 'COMPLETED'],
    ['ERROR', 'FAILED'],
  ] as const) {
    await using bench = await openWorkbench();
    const id = await crashDuring(bench, { kind: 'agent.create', params: { name: 'box' } }, found);
    if (found === 'ERROR') bench.tamper('UPDATE agents SET startedAt = NULL');
    await bench.restart();
    expect((await bench.store.action(id))?.status).toBe(settled);
    expect(bench.agents.began).toEqual([]);
  }
});

test('a command that was running is UNKNOWN and never run again', async () => {
  await using bench = await openWorkbench();
  await bench.agent('box');
  const id = await crashDuring(
    bench,
    { kind: 'agent.exec', params: { agent: 'box', command: 'make' } },
    'RUNNING',
  );
  await bench.restart();
  await bench.restart();
  expect(await bench.store.action(id)).toMatchObject({ status: 'UNKNOWN', finishedAt: bench.clock.now() });
  expect(bench.agents.began).toEqual([]);
});

test("another node's work is left alone", async () => {
  await using bench = await openWorkbench();
  await bench.agent('box');
  const id = await crashDuring(
    bench,
    { kind: 'agent.exec', params: { agent: 'box', command: 'make' } },
    'RUNNING',
  );
  bench.tamper("UPDATE actions SET nodeId = 'another' WHERE id = ?", id);
  await bench.restart();
  expect((await bench.store.action(id))?.status).toBe('EXECUTING');
});

test('what waits goes on waiting after a restart, its buttons work, and it still expires', async () => {
  await using bench = await openWorkbench();
  const draft = (name: string) => ({
    kind: 'agent.create' as const,
    params: { name, limits: { networkEnabled: true } },
  });
  const first = await bench.submit(draft('a'));
  const second = await bench.submit(draft('b'));

  await bench.restart();
  await bench.approve(first, bench.who('carol'));
  expect((await bench.orchestrator.settled(first.id)).status).toBe('COMPLETED');
  bench.clock.advance(3_600_000);

  expect((await bench.orchestrator.settled(second.id)).status).toBe('EXPIRED');
});

test('what expired while Airlock was down is expired before anything else happens', async () => {
  await using bench = await openWorkbench();
  const action = await bench.submit({ kind: 'agent.create', params: { limits: { networkEnabled: true } } });
  await bench.orchestrator.stop();
  bench.clock.advance(7_200_000);
  await bench.restart();
  expect((await bench.store.action(action.id))?.status).toBe('EXPIRED');
});
