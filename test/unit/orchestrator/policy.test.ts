import { expect, test } from 'vitest';
import { ACTION_KINDS } from '../../../src/config/schema.ts';
import type { Level } from '../../../src/model/action.ts';
import { createClassifier, roleMissing } from '../../../src/orchestrator/policy.ts';
import type { ActionDraft, ActionKind } from '../../../src/orchestrator/types.ts';
import { openWorkbench, policyOf, refusalOf } from './workbench.ts';

const on = (kind: 'agent.pause' | 'agent.resume' | 'agent.stop' | 'agent.extend'): ActionDraft => ({
  kind,
  params: { agent: 'box' },
});
const exec: ActionDraft = { kind: 'agent.exec', params: { agent: 'box', command: 'ls' } };
const create = (params: object): ActionDraft => ({ kind: 'agent.create', params });
const DAY = 86_400_000;

/** The agent `box` is alice's. */
const DEFAULTS: [string, string, ActionDraft, Level][] = [
  ['creating an agent', 'alice', create({}), 'MEDIUM'],
  ['creating an agent with network', 'alice', create({ limits: { networkEnabled: true } }), 'HIGH'],
  [
    'creating an agent with network, as an admin too',
    'erin',
    create({ limits: { networkEnabled: true } }),
    'HIGH',
  ],
  ["a command in one's own agent", 'alice', exec, 'MEDIUM'],
  ["a command in another's agent", 'bob', exec, 'HIGH'],
  ["an admin's command in another's agent", 'erin', exec, 'HIGH'],
  ["pausing one's own agent", 'alice', on('agent.pause'), 'MEDIUM'],
  ["pausing another's agent", 'bob', on('agent.pause'), 'HIGH'],
  ["resuming one's own agent", 'alice', on('agent.resume'), 'MEDIUM'],
  ["resuming another's agent", 'carol', on('agent.resume'), 'HIGH'],
  ["stopping one's own agent", 'alice', on('agent.stop'), 'MEDIUM'],
  ["an operator stopping another's agent", 'bob', on('agent.stop'), 'HIGH'],
  ['an approver stopping any agent', 'carol', on('agent.stop'), 'MEDIUM'],
  [
    'an admin stopping any agent by force',
    'erin',
    { kind: 'agent.stop', params: { agent: 'box', force: true } },
    'MEDIUM',
  ],
  ["extending one's own agent", 'alice', on('agent.extend'), 'MEDIUM'],
  [
    "extending one's own agent beyond a day",
    'alice',
    { kind: 'agent.extend', params: { agent: 'box', timeToLiveMs: DAY + 60_000 } },
    'HIGH',
  ],
  ["extending another's agent", 'bob', on('agent.extend'), 'HIGH'],
  ['stopping all agents', 'erin', { kind: 'agent.stop-all', params: { confirm: 1 } }, 'MEDIUM'],
  ['reloading the policy', 'erin', { kind: 'config.reload', params: {} }, 'CRITICAL'],
];

test.each(DEFAULTS)('%s (%s) has its default level', async (_what, who, draft, level) => {
  await using bench = await openWorkbench();
  await bench.agent('box');
  if (draft.kind === 'agent.resume') bench.tamper("UPDATE agents SET status = 'PAUSED'");
  const action = await bench.submit(draft, bench.who(who));
  expect(action.level).toBe(level);
  expect(action.rule).toMatch(/^default: /);
  expect(action.status).toBe(level === 'MEDIUM' ? 'APPROVED' : 'PENDING');
});

test('every kind a rule may name has its default, and every kind there is may be named', () => {
  const kinds: readonly ActionKind[] = ACTION_KINDS;
  expect(new Set(DEFAULTS.map(([, , draft]) => draft.kind))).toEqual(new Set(kinds));
});

test("an agent created from one platform is one's own on the other", async () => {
  await using bench = await openWorkbench();
  await bench.agent('box');
  expect((await bench.submit(exec, bench.who('alice', 'discord'))).level).toBe('MEDIUM');
});

const RULES = {
  rules: [
    { kind: 'agent.exec', command: '^curl --version$', level: 'low', reason: 'only asks' },
    {
      kind: 'agent.exec',
      command: 'curl .*\\| *(ba)?sh',
      level: 'high',
      reason: 'pipes the network into a shell',
    },
    { kind: 'agent.exec', command: 'curl', level: 'critical', reason: 'talks to the network' },
    { kind: 'agent.exec', image: 'danger', level: 'critical', reason: 'a dangerous image' },
    { kind: 'agent.create', network: true, level: 'critical', reason: 'network' },
  ],
};

test.each([
  ['curl --version', 'LOW', 'rule 1 of airlock.yaml: only asks'],
  ['curl x | sh', 'HIGH', 'rule 2 of airlock.yaml: pipes the network into a shell'],
  ['curl x |\n\n bash', 'CRITICAL', 'rule 3 of airlock.yaml: talks to the network'],
  ['curl \n x | bash', 'HIGH', 'rule 2 of airlock.yaml: pipes the network into a shell'],
  ['ls', 'MEDIUM', "default: runs a command in one's own agent"],
])('the first rule that matches %j decides', async (command, level, rule) => {
  await using bench = await openWorkbench({ policy: policyOf(RULES) });
  await bench.agent('box');
  const action = await bench.submit({ kind: 'agent.exec', params: { agent: 'box', command } });
  expect(action).toMatchObject({ level, rule });
});

test('a rule may look at the image and at the network', async () => {
  await using bench = await openWorkbench({ policy: policyOf(RULES) });
  await bench.agent('box', undefined, { image: 'danger' });
  expect((await bench.submit(exec)).level).toBe('CRITICAL');
  expect((await bench.submit(create({ limits: { networkEnabled: true } }))).level).toBe('CRITICAL');
  expect((await bench.submit(create({ limits: { networkEnabled: false } }))).level).toBe('MEDIUM');
});

test('a rule that lowers a level opens nothing to those who lack the role', async () => {
  const policy = policyOf({ rules: [{ kind: 'config.reload', level: 'low', reason: 'we trust us' }] });
  await using bench = await openWorkbench({ policy });
  expect(await refusalOf(bench.submit({ kind: 'config.reload', params: {} }))).toBe('NOT_ALLOWED');
  expect((await bench.submit({ kind: 'config.reload', params: {} }, bench.who('erin'))).level).toBe('LOW');
});

test('a pattern that cannot be decided in time counts as a match, and as HIGH at least', async () => {
  await using bench = await openWorkbench();
  await bench.agent('box');
  const { payload } = await bench.submit(exec);
  const facts = {
    payload: JSON.parse(payload),
    actor: bench.who('alice'),
    own: true,
    beyondTimeToLive: false,
  };
  const policy = policyOf({
    rules: [{ kind: 'agent.exec', command: 'x', level: 'low', reason: 'harmless' }],
  });

  const undecided = createClassifier(() => 'undecided')(policy, facts);

  expect(undecided.level).toBe('HIGH');
  expect(undecided.rule).toContain('took too long');
});

test('roles rise: each may what the ones before it may', () => {
  expect(roleMissing('agent.exec', 'viewer')).toBe('operator');
  expect(roleMissing('agent.exec', 'admin')).toBeNull();
  expect(roleMissing('agent.stop-all', 'approver')).toBe('admin');
  expect(roleMissing('agent.stop-all', 'admin')).toBeNull();
});
