import { afterEach, describe, expect, it } from 'vitest';
import type { ActionRecord } from '../../../src/model/action.ts';
import type { OrchestratorDeps } from '../../../src/orchestrator/context.ts';
import { openWorkbench, policyOf, type Workbench } from './workbench.ts';

const GROUP = 'slack-group:T1:S9';
const ROOM = 'slack-channel:T1:C1';
const MINUTE = 60_000;

let bench: Workbench;
afterEach(() => bench[Symbol.asyncDispose]());

type StillIn = NonNullable<OrchestratorDeps['stillIn']>;

/** Members of the group approve; two of them are asked. */
async function open(stillIn?: StillIn): Promise<{ asked: string[]; action: ActionRecord }> {
  const asked: string[] = [];
  bench = await openWorkbench({
    policy: policyOf({
      roles: { approver: [GROUP] },
      levels: { high: { approvals: 2, roles: ['approver'], selfApproval: false, expiresIn: '3h' } },
      rules: [{ kind: 'agent.create', level: 'high', reason: 'a test' }],
    }),
    ...(stillIn && {
      stillIn: (principal, groups) => {
        asked.push(`${principal} ${groups.join(' ')}`);
        return stillIn(principal, groups);
      },
    }),
  });
  return { asked, action: await bench.submit({ kind: 'agent.create', params: { name: 'box' } }) };
}

const member = (name: string) =>
  bench.resolve({ principal: `slack:T1:${name}`, displayName: name, groups: [GROUP, ROOM] });

async function approvedByTwo(action: ActionRecord, between = 0): Promise<ActionRecord> {
  await bench.approve(action, member('zoe'));
  bench.clock.advance(between);
  await bench.approve(action, member('yan'));
  return bench.orchestrator.settled(action.id);
}

describe('before an action runs, the platform is asked whether its approvers still are in their groups', () => {
  it('it runs when they are', async () => {
    const { asked, action } = await open(async (_, groups) => groups);

    expect(await approvedByTwo(action)).toMatchObject({ status: 'COMPLETED' });
    expect(asked).toEqual([`slack:T1:zoe ${GROUP} ${ROOM}`, `slack:T1:yan ${GROUP} ${ROOM}`]);
  });

  it('it does not run when one was taken out since', async () => {
    const { action } = await open(async (principal, groups) =>
      principal === 'slack:T1:zoe' ? groups.filter((group) => group !== GROUP) : groups,
    );

    const settled = await approvedByTwo(action);

    expect(settled).toMatchObject({ status: 'REJECTED', error: { code: 'RECHECK_FAILED' } });
    expect(settled.error?.message).toContain('1 of 2 approvals count now; no longer entitled: zoe');
    expect(bench.agents.began).toEqual([]);
  });

  it('it runs on an answer that is given, however long ago the vote was', async () => {
    const { action } = await open(async (_, groups) => groups);

    expect(await approvedByTwo(action, 40 * MINUTE)).toMatchObject({ status: 'COMPLETED' });
  });
});

describe('where the platform does not say', () => {
  const silent: [string, StillIn | undefined][] = [
    ['it has no answer', async () => null],
    ['it fails', () => Promise.reject(new Error('no connection'))],
    ['nobody can be asked', undefined],
  ];

  it.each(silent)('what was seen within half an hour counts: %s', async (_, stillIn) => {
    const { action } = await open(stillIn);

    expect(await approvedByTwo(action, 29 * MINUTE)).toMatchObject({ status: 'COMPLETED' });
  });

  it.each(silent)('what was seen before that does not, and the card says why: %s', async (_, stillIn) => {
    const { action } = await open(stillIn);

    const settled = await approvedByTwo(action, 31 * MINUTE);

    expect(settled).toMatchObject({ status: 'REJECTED', error: { code: 'RECHECK_FAILED' } });
    expect(settled.error?.message).toContain('zoe (the platform does not say whether they still are');
  });

  it('within three seconds, it is waited for no longer', async () => {
    const asked = Promise.withResolvers<void>();
    const { action } = await open(() => {
      asked.resolve();
      return new Promise(() => {});
    });
    await bench.approve(action, member('zoe'));
    await bench.approve(action, member('yan'));
    await asked.promise;

    bench.clock.advance(3000);

    expect(await bench.orchestrator.settled(action.id)).toMatchObject({ status: 'COMPLETED' });
  });
});

it('asks nothing about people whose rights come from the file, nor for what nobody approves', async () => {
  const { asked, action } = await open(async (_, groups) => groups);
  await bench.approve(action, bench.who('carol'));
  await bench.approve(action, bench.who('dave'));
  await bench.orchestrator.settled(action.id);
  await bench.run({ kind: 'agent.exec', params: { agent: 'box', command: 'ls' } });

  expect(asked).toEqual([]);
});
