import { expect, test } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { errorOf, openWorkbench, policyOf, refusalOf } from './workbench.ts';

test('runs a MEDIUM action at once and records every step', async () => {
  await using bench = await openWorkbench();
  await bench.agent('box');

  const action = await bench.run({
    kind: 'agent.exec',
    params: { agent: 'box', command: 'echo "hi there"' },
  });

  expect(action.status).toBe('COMPLETED');
  expect(action.level).toBe('MEDIUM');
  expect(JSON.parse(action.payload).params).toEqual({ command: 'echo "hi there"', timeoutMs: 30_000 });
  const types = (await bench.audit()).filter((entry) => entry.actionId === action.id).map(({ type }) => type);
  expect(types).toEqual(['action.submitted', 'action.started', 'action.finished']);
  const moves = await bench.store.statusHistory({ actionId: action.id });
  expect(moves.map(({ body }) => ('to' in body ? body.to : null))).toEqual([
    'APPROVED',
    'EXECUTING',
    'COMPLETED',
  ]);
});

test('a HIGH action waits, is approved by another person and runs once', async () => {
  await using bench = await openWorkbench();
  const waiting = await bench.run({
    kind: 'agent.create',
    params: { name: 'net', limits: { networkEnabled: true } },
  });
  expect(waiting.status).toBe('PENDING');
  expect((await bench.store.liveAgentByName('net'))?.status).toBe('PENDING');

  await bench.approve(waiting, bench.who('carol'));
  const done = await bench.orchestrator.settled(waiting.id);

  expect(done.status).toBe('COMPLETED');
  expect(bench.agents.began).toEqual([`create ${waiting.agentId}`]);
  expect((await bench.store.liveAgentByName('net'))?.status).toBe('RUNNING');
});

test('settles the inbox row in the transaction that records the action, and the same delivery is one action', async () => {
  await using bench = await openWorkbench();
  await bench.store.transaction((tx) =>
    tx.insertInbox({
      deliveryId: 'slack:1',
      channel: 'slack',
      kind: 'command',
      request: '{}',
      receivedAt: 1,
      settledAt: null,
      actionId: null,
      nodeId: 'node-1',
    }),
  );
  const draft = { kind: 'agent.create' as const, params: { name: 'box' } };
  const context = {
    actor: bench.who('alice'),
    thread: { channel: 'slack', space: 'T1', room: 'C1', thread: null },
  };

  const first = await bench.orchestrator.submit(draft, { ...context, inboxId: 'slack:1' });
  const second = await bench.orchestrator.submit(draft, { ...context, inboxId: 'slack:1' });

  expect(second.id).toBe(first.id);
  expect((await bench.store.inboxEntry('slack:1'))?.actionId).toBe(first.id);
  expect(await bench.store.actions()).toHaveLength(1);
});

test.each(['vera', 'mallory'])(
  'refuses an action of %s, who has no role for it, with an audit entry',
  async (name) => {
    await using bench = await openWorkbench();

    const code = await refusalOf(
      bench.run({ kind: 'agent.create', params: { name: 'box' } }, bench.who(name)),
    );

    expect(code).toBe('NOT_ALLOWED');
    const entry = (await bench.audit()).at(-1);
    expect(entry).toMatchObject({
      type: 'action.refused',
      actor: `slack:T1:${name}`,
      data: { code, kind: 'agent.create' },
    });
    expect(await bench.store.actions()).toEqual([]);
  },
);

test('stop-all and reload take an admin', async () => {
  await using bench = await openWorkbench();
  await bench.agent('box');

  for (const name of ['alice', 'carol']) {
    expect(
      await refusalOf(bench.submit({ kind: 'agent.stop-all', params: { confirm: 1 } }, bench.who(name))),
    ).toBe('NOT_ALLOWED');
    expect(await refusalOf(bench.submit({ kind: 'config.reload', params: {} }, bench.who(name)))).toBe(
      'NOT_ALLOWED',
    );
  }
  const stopped = await bench.run({ kind: 'agent.stop-all', params: { confirm: 1 } }, bench.who('erin'));
  expect(stopped).toMatchObject({ status: 'COMPLETED', level: 'MEDIUM' });
});

test.each([
  ['a NUL byte', 'ls \0x', 'INVALID_INPUT', 'NUL'],
  ['a lone surrogate', 'ls \ud800', 'INVALID_INPUT', 'Unicode'],
  ['nothing', '  ', 'INVALID_INPUT', 'empty'],
  ['more than 64 KiB', 'x'.repeat(64 * 1024 + 1), 'TOO_LONG', '65536'],
  ['a megabyte', '\u{1F4A9}'.repeat(262_144), 'TOO_LONG', '1048576 bytes'],
])('refuses a command line with %s and makes nothing', async (_what, command, code, says) => {
  await using bench = await openWorkbench();
  await bench.agent('box');
  const before = (await bench.store.actions()).length;

  const error = await errorOf(bench.submit({ kind: 'agent.exec', params: { agent: 'box', command } }));

  expect(error.code).toBe(code);
  expect(error.message).toContain(says);
  expect(error.message.length).toBeLessThan(400);
  expect(error.message.isWellFormed() && !/[\0\n]/.test(error.message)).toBe(true);
  expect(await bench.store.actions()).toHaveLength(before);
  expect((await bench.audit()).at(-1)?.type).toBe('action.refused');
});

test('takes a command of exactly 64 KiB', async () => {
  await using bench = await openWorkbench();
  await bench.agent('box');
  const command = 'x'.repeat(64 * 1024);
  expect((await bench.run({ kind: 'agent.exec', params: { agent: 'box', command } })).status).toBe(
    'COMPLETED',
  );
});

test.each([0, -1, 99, 3_600_001, Number.NaN, Number.POSITIVE_INFINITY])(
  'refuses a timeout of %s ms and names the range',
  async (timeoutMs) => {
    await using bench = await openWorkbench();
    await bench.agent('box');
    const error = await errorOf(
      bench.submit({ kind: 'agent.exec', params: { agent: 'box', command: 'ls', timeoutMs } }),
    );
    expect(error.code).toBe('INVALID_INPUT');
    expect(error.message).toContain('100 ms to 1h');
  },
);

test('refuses to run a command in an agent that is paused, and says what to do', async () => {
  await using bench = await openWorkbench();
  await bench.agent('box');
  await bench.run({ kind: 'agent.pause', params: { agent: 'box' } });
  const error = await errorOf(bench.submit({ kind: 'agent.exec', params: { agent: 'box', command: 'ls' } }));
  expect(error).toMatchObject({ code: 'WRONG_STATE', hint: 'resume it first: resume box' });
});

test('stopping what is stopped is success', async () => {
  await using bench = await openWorkbench();
  await bench.agent('box');
  await bench.run({ kind: 'agent.stop', params: { agent: 'box' } });
  expect((await bench.run({ kind: 'agent.stop', params: { agent: 'box' } })).status).toBe('COMPLETED');
});

test('counts queries and requests of one person against one rate, and leaves others alone', async () => {
  await using bench = await openWorkbench({ policy: policyOf({ limits: { requestsPerMinute: 3 } }) });
  bench.orchestrator.countQuery(bench.who('alice'));
  bench.orchestrator.countQuery(bench.who('alice', 'discord'));
  await bench.agent('box');

  const error = await errorOf(bench.submit({ kind: 'agent.stop', params: { agent: 'box' } }));

  expect(error).toMatchObject({ code: 'RATE_LIMITED', hint: 'try again in 60 s' });
  expect(() => bench.orchestrator.countQuery(bench.who('bob'))).not.toThrow();
  bench.clock.advance(60_000);
  expect(() => bench.orchestrator.countQuery(bench.who('alice'))).not.toThrow();
});

test('a flood beyond the rate leaves one audit entry, not one for each', async () => {
  await using bench = await openWorkbench({ policy: policyOf({ limits: { requestsPerMinute: 1 } }) });
  await bench.agent('box');
  for (let round = 0; round < 20; round += 1) {
    await refusalOf(bench.submit({ kind: 'agent.stop', params: { agent: 'box' } }));
  }
  const refused = (await bench.audit()).filter((entry) => entry.data['code'] === 'RATE_LIMITED');
  expect(refused).toHaveLength(1);
});

test('refuses one more waiting request than a person may have, and takes it again once one is settled', async () => {
  await using bench = await openWorkbench({ policy: policyOf({ limits: { pendingPerPerson: 2 } }) });
  const draft = (name: string) => ({
    kind: 'agent.create' as const,
    params: { name, limits: { networkEnabled: true } },
  });
  const first = await bench.submit(draft('a'));
  await bench.submit(draft('b'));

  expect(await refusalOf(bench.submit(draft('c')))).toBe('TOO_MANY_PENDING');
  expect(await bench.store.liveAgentByName('c')).toBeNull();
  await bench.deny(first, bench.who('carol'));
  expect((await bench.submit(draft('c'))).status).toBe('PENDING');
});

test('fifty creates at once end with exactly as many agents as there may be', async () => {
  await using bench = await openWorkbench({ policy: policyOf({ limits: { requestsPerMinute: 100 } }) });
  bench.agents.perPerson = 7;

  const outcomes = await Promise.allSettled(
    Array.from({ length: 50 }, (_, index) =>
      bench.run({ kind: 'agent.create', params: { name: `box-${index}` } }),
    ),
  );

  const done = outcomes.filter(({ status }) => status === 'fulfilled');
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(done).toHaveLength(7);
  expect(new Set(refused.map(({ reason }) => (reason instanceof AppError ? reason.code : reason)))).toEqual(
    new Set(['TOO_MANY_AGENTS']),
  );
  expect(await bench.store.countLiveAgents()).toBe(7);
});

test('fifty creates by several people keep to the capacity of the installation', async () => {
  await using bench = await openWorkbench({ policy: policyOf({ limits: { requestsPerMinute: 100 } }) });
  const names = ['alice', 'bob', 'carol', 'dave', 'erin'];
  const outcomes = await Promise.allSettled(
    Array.from({ length: 50 }, (_, index) =>
      bench.run(
        { kind: 'agent.create', params: { name: `box-${index}` } },
        bench.who(names[index % 5] ?? ''),
      ),
    ),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  expect(await bench.store.countLiveAgents()).toBe(10);
});

test('refuses a request that too few people could approve', async () => {
  const people = [
    { id: 'erin', principals: ['slack:T1:erin'], roles: ['admin'] },
    { id: 'frank', principals: ['slack:T1:frank', 'discord:frank'], roles: ['admin'] },
  ];
  await using bench = await openWorkbench({ policy: policyOf({ people }) });

  const error = await errorOf(bench.submit({ kind: 'config.reload', params: {} }, bench.who('erin')));

  expect(error.code).toBe('QUORUM_IMPOSSIBLE');
  expect(error.message).toContain('only 1 person');
});

test('does not refuse for want of people where a group may bring them', async () => {
  const policy = policyOf({
    people: [{ id: 'erin', principals: ['slack:T1:erin'], roles: ['admin'] }],
    roles: { admin: ['slack-group:T1:S9'] },
  });
  await using bench = await openWorkbench({ policy });
  expect((await bench.submit({ kind: 'config.reload', params: {} }, bench.who('erin'))).status).toBe(
    'PENDING',
  );
});

test('a broken policy file is refused when the reload is asked for, not when it is approved', async () => {
  await using bench = await openWorkbench();
  bench.policy.onDisk = new AppError('CONFIG_INVALID', 'line 3');
  expect(await refusalOf(bench.submit({ kind: 'config.reload', params: {} }, bench.who('erin')))).toBe(
    'CONFIG_INVALID',
  );
});

test('knows a skill by its name, and refuses another with those that there are', async () => {
  const skills = [{ id: 'review', summary: 'Read a change', requires: {} }];
  await using bench = await openWorkbench({ skills });

  const { agentId } = await bench.run({ kind: 'agent.create', params: { skill: 'review' } });
  const error = await errorOf(bench.submit({ kind: 'agent.create', params: { skill: 'cooking' } }));

  expect((await bench.store.agent(agentId ?? ''))?.skillId).toBe('review');
  expect(error.code).toBe('SKILL_NOT_FOUND');
  expect(error.message).toBe('there is no skill "cooking": there is review');
});

test('takes no more work once it is stopped', async () => {
  await using bench = await openWorkbench();
  await bench.orchestrator.stop();
  expect(await refusalOf(bench.submit({ kind: 'agent.create', params: {} }))).toBe('SHUTTING_DOWN');
  expect(await bench.store.actions()).toEqual([]);
});
