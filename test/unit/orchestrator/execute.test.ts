import { expect, test } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { canonicalJson, sha256Hex } from '../../../src/lib/canonical-json.ts';
import type { ActionRecord } from '../../../src/model/action.ts';
import { openWorkbench, policyOf, type Workbench } from './workbench.ts';

const HIGH = { kind: 'agent.create' as const, params: { name: 'net', limits: { networkEnabled: true } } };

/** An action that was approved and has not begun, as a crash between the two leaves it. */
async function approvedNotBegun(bench: Workbench, action: ActionRecord): Promise<ActionRecord> {
  bench.agents.refuseNext = new AppError('SHUTTING_DOWN', 'now');
  await bench.approve(action, bench.who('carol'));
  await expect.poll(() => bench.agents.refuseNext).toBeNull();
  const left = await bench.store.action(action.id);
  if (left?.status !== 'APPROVED') throw new Error('it should wait for the next start');
  return left;
}

async function afterRestart(bench: Workbench, action: ActionRecord): Promise<ActionRecord> {
  await bench.restart();
  return bench.orchestrator.settled(action.id);
}

test.each([
  ['its text', (action: ActionRecord) => action.payload.replace('"name":"net"', '"name":"evil"'), false],
  ['its text and hash alike, to what Airlock never writes', () => '{"v":2}', true],
  [
    'its kind, with the hash made to fit',
    (action: ActionRecord) => action.payload.replace('agent.create', 'agent.pause'),
    true,
  ],
])('a stored action whose %s was changed is never run', async (_what, change, rehash) => {
  await using bench = await openWorkbench();
  const action = await approvedNotBegun(bench, await bench.submit(HIGH));
  const payload = change(action);
  expect(payload).not.toBe(action.payload);
  bench.tamper(
    'UPDATE actions SET payload = ?, payloadHash = ? WHERE id = ?',
    payload,
    rehash ? sha256Hex(payload) : action.payloadHash,
    action.id,
  );

  const settled = await afterRestart(bench, action);

  expect(settled).toMatchObject({ status: 'REJECTED', error: { code: 'RECHECK_FAILED' } });
  expect(bench.agents.began).toEqual([]);
  expect((await bench.audit()).at(-1)).toMatchObject({
    type: 'action.rejected',
    data: { code: 'RECHECK_FAILED' },
  });
});

test('a vote on an action whose text was changed rejects it', async () => {
  await using bench = await openWorkbench();
  const action = await bench.submit(HIGH);
  bench.tamper(
    'UPDATE actions SET payload = ? WHERE id = ?',
    action.payload.replace('busybox', 'evilbox'),
    action.id,
  );
  await expect(bench.approve(action, bench.who('carol'))).rejects.toMatchObject({ code: 'RECHECK_FAILED' });
  expect((await bench.store.action(action.id))?.status).toBe('REJECTED');
  expect(bench.agents.began).toEqual([]);
});

test('the reserved agent must still be what people saw', async () => {
  await using bench = await openWorkbench();
  const action = await approvedNotBegun(bench, await bench.submit(HIGH));
  await bench.store.transaction((tx) =>
    tx.updateAgent(action.agentId ?? '', { from: ['PENDING'] }, { image: 'another' }),
  );
  expect((await afterRestart(bench, action)).status).toBe('REJECTED');
  expect(bench.agents.began).toEqual([]);
});

test('an approved command does not run in another container than the one people saw', async () => {
  await using bench = await openWorkbench();
  const agent = await bench.agent('box');
  const action = await approvedNotBegun(
    bench,
    await bench.submit({ kind: 'agent.exec', params: { agent: 'box', command: 'ls' } }, bench.who('bob')),
  );
  await bench.store.transaction((tx) =>
    tx.updateAgent(agent.id, { from: ['RUNNING'] }, { containerId: 'b'.repeat(26) }),
  );
  expect(await afterRestart(bench, action)).toMatchObject({
    status: 'REJECTED',
    error: { code: 'RECHECK_FAILED' },
  });
  expect(bench.agents.began).toEqual([`create ${agent.id}`]);
});

test('an agent expects a command from when it may run, not while people think about it', async () => {
  await using bench = await openWorkbench();
  const box = await bench.agent('box');
  const draft = { kind: 'agent.exec' as const, params: { agent: 'box', command: 'ls' } };
  const waiting = await bench.submit(draft, bench.who('bob'));
  expect(bench.agents.expected).toEqual([]);

  await bench.approve(waiting, bench.who('carol'));
  await bench.orchestrator.settled(waiting.id);
  expect(bench.agents.expected).toEqual([box.id]);

  bench.agents.expected.length = 0;
  const submitting = bench.submit(draft);
  await expect.poll(() => bench.agents.expected).toContain(box.id);
  await bench.orchestrator.settled((await submitting).id);
});

test('an approved command is rejected when its agent is paused by then', async () => {
  await using bench = await openWorkbench();
  await bench.agent('box');
  const waiting = await bench.submit(
    { kind: 'agent.exec', params: { agent: 'box', command: 'ls' } },
    bench.who('bob'),
  );
  await bench.run({ kind: 'agent.pause', params: { agent: 'box' } });
  await bench.approve(waiting, bench.who('carol'));
  expect(await bench.orchestrator.settled(waiting.id)).toMatchObject({
    status: 'REJECTED',
    error: { code: 'WRONG_STATE' },
  });
});

const PEOPLE = policyOf().people;
test.each([
  [
    'the approver lost the role',
    { people: PEOPLE.map((person) => (person.id === 'carol' ? { ...person, roles: ['operator'] } : person)) },
  ],
  [
    'the requester lost the role',
    { people: PEOPLE.map((person) => (person.id === 'alice' ? { ...person, roles: ['viewer'] } : person)) },
  ],
  [
    'the approver turns out to be the requester',
    { people: [{ id: 'ac', principals: ['slack:T1:alice', 'slack:T1:carol'], roles: ['approver'] }] },
  ],
  ['more approvals are needed now', { levels: { high: { approvals: 2 } } }],
  ['other roles decide now', { levels: { high: { roles: ['admin'] } } }],
  [
    'the rules now say CRITICAL',
    { rules: [{ kind: 'agent.create', network: true, level: 'critical', reason: 'network' }] },
  ],
])('is rejected at the re-check when %s', async (_what, policy) => {
  await using bench = await openWorkbench();
  const action = await approvedNotBegun(bench, await bench.submit(HIGH));
  bench.policy.set(policyOf(policy));
  expect(await afterRestart(bench, action)).toMatchObject({
    status: 'REJECTED',
    error: { code: 'RECHECK_FAILED' },
  });
  expect(bench.agents.began).toEqual([]);
  expect(await bench.store.liveAgentByName('net')).toBeNull();
});

test('runs after a restart when nothing changed, once', async () => {
  await using bench = await openWorkbench();
  const action = await approvedNotBegun(bench, await bench.submit(HIGH));
  expect((await afterRestart(bench, action)).status).toBe('COMPLETED');
  await bench.restart();
  expect(bench.agents.began).toEqual([`create ${action.agentId}`]);
});

test('what had not begun when Airlock stops begins after the next start, once', async () => {
  await using bench = await openWorkbench();
  const agent = await bench.agent('box');
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const pause = bench.agents.pause.bind(bench.agents);
  bench.agents.pause = async (id, steps) => {
    reached.resolve();
    await gate.promise;
    await pause(id, steps).finally(left.resolve);
  };
  const action = await bench.submit({ kind: 'agent.pause', params: { agent: 'box' } });
  await reached.promise;

  await bench.orchestrator.stop();
  gate.resolve();
  await left.promise;
  expect((await bench.store.action(action.id))?.status).toBe('APPROVED');

  expect((await afterRestart(bench, action)).status).toBe('COMPLETED');
  expect(bench.agents.began).toEqual([`create ${agent.id}`, `pause ${agent.id}`]);
});

test('what was approved lapses too', async () => {
  await using bench = await openWorkbench();
  const action = await approvedNotBegun(bench, await bench.submit(HIGH));
  bench.clock.advance(3_600_000);
  expect((await afterRestart(bench, action)).status).toBe('EXPIRED');
  expect(bench.agents.began).toEqual([]);
});

test('an operation the agents room refuses is REJECTED with its reason', async () => {
  await using bench = await openWorkbench();
  bench.agents.refuseNext = new AppError('RUNTIME_BUSY', 'the queue is full', { hint: 'retry in 3 s' });
  const action = await bench.run({ kind: 'agent.create', params: { name: 'box' } });
  expect(action).toMatchObject({ status: 'REJECTED', error: { code: 'RUNTIME_BUSY', hint: 'retry in 3 s' } });
  expect(await bench.store.liveAgentByName('box')).toBeNull();
});

test.each([
  ['exited', 7, 'COMPLETED'],
  ['signalled', null, 'COMPLETED'],
  ['timed-out', null, 'FAILED'],
  ['out-of-memory', null, 'FAILED'],
  ['sandbox-lost', null, 'FAILED'],
  ['stopped', null, 'FAILED'],
  ['cancelled', null, 'CANCELLED'],
  ['unknown', null, 'UNKNOWN'],
] as const)('a command that ended by %s is %s/%s', async (cause, exitCode, status) => {
  await using bench = await openWorkbench();
  await bench.agent('box');
  bench.agents.onExec = async () => ({ cause, exitCode });
  const action = await bench.run({ kind: 'agent.exec', params: { agent: 'box', command: 'x' } });
  expect(action.status).toBe(status);
  expect(action.error === null).toBe(status === 'COMPLETED');
  const finished = (await bench.audit()).at(-1);
  expect(finished).toMatchObject({
    type: 'action.finished',
    data: { hash: action.payloadHash, exec: { cause } },
  });
});

test('output goes to listeners as it comes, a failing one hinders nobody, and the last 64 KiB are kept while it runs', async () => {
  await using bench = await openWorkbench();
  await bench.agent('box');
  const written = Promise.withResolvers<void>();
  const end = Promise.withResolvers<Record<string, never>>();
  bench.agents.onExec = async (_command, sink) => {
    for (let index = 0; index < 1000; index += 1)
      await sink.write('stdout', Buffer.from('a'.repeat(99) + '\n'));
    await sink.write('stderr', Buffer.from('last'));
    written.resolve();
    return end.promise;
  };
  let heard = 0;
  using _broken = bench.orchestrator.onOutput(() => {
    throw new Error('broken');
  });
  using _listener = bench.orchestrator.onOutput(({ chunk }) => {
    heard += chunk.length;
  });

  const action = await bench.submit({ kind: 'agent.exec', params: { agent: 'box', command: 'x' } });
  await written.promise;

  const live = bench.orchestrator.liveOutput(action.id);
  expect(heard).toBe(100_004);
  expect(live?.totalBytes).toBe(100_004);
  expect(live?.tail).toHaveLength(64 * 1024);
  expect(
    Buffer.from(live?.tail ?? [])
      .toString()
      .endsWith('\nlast'),
  ).toBe(true);
  end.resolve({});
  await bench.orchestrator.settled(action.id);
  await expect.poll(() => bench.orchestrator.liveOutput(action.id)).toBeNull();
});

test('stop-all needs the right number, stops side by side, and names what could not be stopped', async () => {
  await using bench = await openWorkbench();
  const stuck = await bench.agent('stuck');
  await bench.agent('box', bench.who('bob'));
  const ask = (confirm: number) =>
    bench.run({ kind: 'agent.stop-all', params: { confirm } }, bench.who('erin'));

  await expect(ask(3)).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    hint: 'look at the list, then type: {root} stop-all 2',
  });
  bench.agents.unstoppable.add(stuck.id);
  const action = await ask(2);

  expect(action.status).toBe('FAILED');
  expect(action.error?.message).toContain('stopped 1 of 2 agents; stuck: a mount is left');
  expect(await bench.store.liveAgentByName('box')).toBeNull();
});

test('the stored bytes are the canonical form of what was asked, with every default filled in', async () => {
  await using bench = await openWorkbench();
  const action = await bench.submit({ kind: 'agent.create', params: { name: 'box' } });
  expect(action.payload).toBe(canonicalJson(JSON.parse(action.payload)));
  expect(action.payloadHash).toBe(sha256Hex(action.payload));
  expect(JSON.parse(action.payload)).toEqual({
    v: 1,
    kind: 'agent.create',
    requester: 'slack:T1:alice',
    agentId: action.agentId,
    containerId: null,
    image: { name: 'busybox', digest: `sha256:${'a'.repeat(64)}` },
    sandboxType: 'fake',
    limits: { cpuCores: 1, memoryMb: 512, diskMb: 1024, networkEnabled: false, maxProcesses: 50 },
    network: false,
    params: { name: 'box', skillId: null, timeToLiveMs: 28_800_000 },
  });
});
