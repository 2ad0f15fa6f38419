import { expect, test } from 'vitest';
import { createAgentEnds } from '../../../src/orchestrator/agent-ends.ts';
import { createClassifier } from '../../../src/orchestrator/policy.ts';
import { silentLogger } from '../../../src/lib/logger.ts';
import { createSkillRegistry } from '../../../src/skills/registry.ts';
import { errorOf, openWorkbench, policyOf, type Workbench } from './workbench.ts';

const danger = { kind: 'agent.exec', command: 'danger', level: 'high', reason: 'a test' };

function open(): Promise<Workbench> {
  return openWorkbench({ policy: policyOf({ rules: [danger] }) });
}

const ask = (bench: Workbench, agent: string) =>
  bench.submit({ kind: 'agent.exec', params: { agent, command: 'danger' } });

async function end(bench: Workbench, agentId: string, cleaned: boolean): Promise<void> {
  await bench.store.transaction(async (tx) => {
    await tx.updateAgent(agentId, { from: ['RUNNING', 'ERROR'] }, { status: 'ERROR', cleaned });
    if (cleaned) await tx.appendEvent({ type: 'agent.changed', agentId, what: 'cleaned' });
    else {
      await tx.appendEvent({ type: 'agent.status', agentId, from: 'RUNNING', to: 'ERROR', reason: 'lost' });
    }
  });
}

test('what waits on an agent that is stopped is cancelled with the reason, on record and in the audit', async () => {
  await using bench = await open();
  const box = await bench.agent('box');
  await bench.agent('boat');
  const waits = await ask(bench, 'box');
  const other = await ask(bench, 'boat');
  await bench.run({ kind: 'agent.stop', params: { agent: box.id } });

  expect(await bench.orchestrator.settled(waits.id)).toMatchObject({
    status: 'CANCELLED',
    error: { code: 'CANCELLED', message: 'agent box ended before it was decided: it is STOPPED' },
    finishedAt: bench.clock.now(),
  });
  expect(await bench.store.action(other.id)).toMatchObject({ status: 'PENDING' });
  expect((await bench.audit()).at(-1)).toMatchObject({
    type: 'action.cancelled',
    actionId: waits.id,
    actor: 'system',
  });
  expect(await errorOf(bench.approve(waits, bench.who('carol')))).toMatchObject({
    code: 'ACTION_SETTLED',
    message: expect.stringContaining('agent box ended before it was decided') as string,
  });
});

test('an agent that broke keeps what waits until it is cleaned up', async () => {
  await using bench = await open();
  const box = await bench.agent('box');
  const waits = await ask(bench, 'box');
  await end(bench, box.id, false);
  await bench.restart();
  expect(await bench.store.action(waits.id)).toMatchObject({ status: 'PENDING' });
  await end(bench, box.id, true);
  expect(await bench.orchestrator.settled(waits.id)).toMatchObject({ status: 'CANCELLED' });
});

test('what waits on an agent that ended while Airlock was down is cancelled at the start', async () => {
  await using bench = await open();
  const box = await bench.agent('box');
  const waits = await ask(bench, 'box');
  await bench.orchestrator.stop();
  await end(bench, box.id, true);
  await bench.restart();
  expect(await bench.store.action(waits.id)).toMatchObject({ status: 'CANCELLED' });
});

test('a vote that comes between the end and the cancelling cancels it itself', async () => {
  await using bench = await open();
  const box = await bench.agent('box');
  const waits = await ask(bench, 'box');
  bench.tamper(`UPDATE agents SET status = 'STOPPED' WHERE id = ?`, box.id);
  expect(await errorOf(bench.approve(waits, bench.who('carol')))).toMatchObject({ code: 'ACTION_SETTLED' });
  expect(await bench.store.action(waits.id)).toMatchObject({ status: 'CANCELLED' });
  expect(await bench.store.votes(waits.id)).toEqual([]);
});

test('a store that fails is tried again', async () => {
  await using bench = await open();
  const box = await bench.agent('box');
  const waits = await ask(bench, 'box');
  const { store } = bench;
  const working = store.eventsAfter.bind(store);
  const failed = Promise.withResolvers<void>();
  store.eventsAfter = () => {
    failed.resolve();
    return Promise.reject(new Error('the disk is slow'));
  };
  await end(bench, box.id, true);
  await failed.promise;
  store.eventsAfter = working;
  const settled = bench.orchestrator.settled(waits.id);
  bench.clock.advance(60_000);
  expect(await settled).toMatchObject({ status: 'CANCELLED' });
});

test('starts and stops as often as it is told', async () => {
  await using bench = await open();
  const { store, agents, policy, people, clock } = bench;
  const environment = { AIRLOCK_EXEC_TIMEOUT: 30_000, AIRLOCK_TIME_TO_LIVE: 8 * 3_600_000 };
  const ends = createAgentEnds({
    store,
    agents,
    policy,
    people,
    skills: createSkillRegistry(),
    environment,
    clock,
    log: silentLogger,
    nodeId: 'node-1',
    classify: createClassifier(),
  });
  await ends.start();
  await ends.start();
  await ends.stop();
  await ends.stop();
});
