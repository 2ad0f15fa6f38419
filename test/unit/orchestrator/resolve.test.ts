import { expect, test } from 'vitest';
import { resolveAction, resolveAgent } from '../../../src/orchestrator/resolve.ts';
import { errorOf, openWorkbench, refusalOf } from './workbench.ts';

test('an agent is found by name, by id and by a unique prefix of either', async () => {
  await using bench = await openWorkbench();
  const otter = await bench.agent('calm-otter');
  await bench.agent('bold-lynx');
  for (const word of ['calm-otter', 'calm', otter.id, otter.id.slice(0, 10), ' calm-otter ']) {
    expect((await resolveAgent(bench.store, word)).id).toBe(otter.id);
  }
});

test('an exact name goes before longer names that begin so', async () => {
  await using bench = await openWorkbench();
  const short = await bench.agent('box');
  await bench.agent('box-2');
  expect((await resolveAgent(bench.store, 'box')).id).toBe(short.id);
});

test('an id goes before the name of another agent that was made to look like it', async () => {
  await using bench = await openWorkbench();
  const mine = await bench.agent('box');
  await bench.agent(mine.id, bench.who('bob'));
  expect((await resolveAgent(bench.store, mine.id)).id).toBe(mine.id);
});

test('the exact name of an agent that has ended is never taken for the beginning of another name', async () => {
  await using bench = await openWorkbench();
  const ended = await bench.agent('box');
  await bench.run({ kind: 'agent.stop', params: { agent: 'box' } });
  await bench.agent('box-of-bob', bench.who('bob'));
  expect((await resolveAgent(bench.store, 'box')).id).toBe(ended.id);
  expect((await bench.run({ kind: 'agent.stop', params: { agent: 'box' } })).agentId).toBe(ended.id);
});

test('a prefix of several is refused with the candidates', async () => {
  await using bench = await openWorkbench();
  await bench.agent('box-1');
  await bench.agent('box-2');
  const error = await errorOf(resolveAgent(bench.store, 'box'));
  expect(error.code).toBe('AGENT_AMBIGUOUS');
  expect(error.message).toContain('box-1');
  expect(error.message).toContain('box-2');
});

test.each([
  ['calm-oter', 'did you mean calm-otter?'],
  ['zzz', '{root} list shows the live ones, {root} list --all the ended ones too'],
])('an unknown agent %j is told with what may have been meant', async (word, hint) => {
  await using bench = await openWorkbench();
  await bench.agent('calm-otter');
  expect(await errorOf(resolveAgent(bench.store, word))).toMatchObject({ code: 'AGENT_NOT_FOUND', hint });
});

test.each(['', '%', '_', '../x', "' OR 1=1", 'a\0b', '\x1b[2J'])(
  '%j is no agent and is shown escaped',
  async (word) => {
    await using bench = await openWorkbench();
    await bench.agent('box');
    const error = await errorOf(resolveAgent(bench.store, word));
    expect(error.code).toBe('AGENT_NOT_FOUND');
    expect(error.message).not.toMatch(/\p{Cc}/u);
  },
);

test('an agent that has ended is still found by its name, unless a live one has it', async () => {
  await using bench = await openWorkbench();
  const old = await bench.agent('box');
  await bench.run({ kind: 'agent.stop', params: { agent: 'box' } });
  expect((await resolveAgent(bench.store, 'box')).id).toBe(old.id);
  const fresh = await bench.agent('box');
  expect((await resolveAgent(bench.store, 'box')).id).toBe(fresh.id);
});

test('an action is found by a unique prefix of its id', async () => {
  await using bench = await openWorkbench();
  const action = await bench.submit({ kind: 'agent.create', params: {} });
  expect((await resolveAction(bench.store, action.id.slice(0, 6))).id).toBe(action.id);
  expect((await resolveAction(bench.store, action.id.slice(0, 4))).id).toBe(action.id);
  expect(await refusalOf(resolveAction(bench.store, action.id.slice(0, 3)))).toBe('INVALID_INPUT');
  expect(await refusalOf(resolveAction(bench.store, '%'))).toBe('ACTION_NOT_FOUND');
});
