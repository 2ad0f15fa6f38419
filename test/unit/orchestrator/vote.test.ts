import { expect, test } from 'vitest';
import { shortHash } from '../../../src/lib/canonical-json.ts';
import type { ActionRecord } from '../../../src/model/action.ts';
import { errorOf, openWorkbench, policyOf, refusalOf, type Workbench } from './workbench.ts';

/** Alice asks for an agent with a network: HIGH. */
function askHigh(bench: Workbench, as = bench.who('alice')): Promise<ActionRecord> {
  return bench.submit(
    { kind: 'agent.create', params: { name: 'net', limits: { networkEnabled: true } } },
    as,
  );
}

/** Erin asks for a reload: CRITICAL, two admins. */
function askCritical(bench: Workbench): Promise<ActionRecord> {
  return bench.submit({ kind: 'config.reload', params: {} }, bench.who('erin'));
}

async function isStillWaiting(bench: Workbench, action: ActionRecord): Promise<boolean> {
  return (await bench.store.action(action.id))?.status === 'PENDING' && bench.agents.began.length === 0;
}

test.each(['bob', 'vera', 'mallory'])(
  '%s may not decide a HIGH action, and the try is in the audit',
  async (name) => {
    await using bench = await openWorkbench();
    const action = await askHigh(bench);

    for (const vote of [bench.approve(action, bench.who(name)), bench.deny(action, bench.who(name))]) {
      expect(await refusalOf(vote)).toBe('NOT_ALLOWED');
    }

    expect((await bench.audit()).at(-1)).toMatchObject({
      type: 'vote.refused',
      actionId: action.id,
      data: { code: 'NOT_ALLOWED' },
    });
    expect(await bench.store.votes(action.id)).toEqual([]);
    expect(await isStillWaiting(bench, action)).toBe(true);
  },
);

test.each(['carol', 'erin'])('%s may approve a HIGH action', async (name) => {
  await using bench = await openWorkbench();
  const action = await askHigh(bench);
  expect((await bench.approve(action, bench.who(name))).status).toBe('APPROVED');
  expect((await bench.orchestrator.settled(action.id)).status).toBe('COMPLETED');
});

test('nobody decides their own request, under another principal neither', async () => {
  await using bench = await openWorkbench();
  const action = await askHigh(bench, bench.who('carol'));

  expect(await refusalOf(bench.approve(action, bench.who('carol')))).toBe('SELF_APPROVAL');
  expect(await refusalOf(bench.approve(action, bench.who('carol', 'discord')))).toBe('SELF_APPROVAL');
  expect(await refusalOf(bench.deny(action, bench.who('carol', 'discord')))).toBe('SELF_APPROVAL');
  expect(await isStillWaiting(bench, action)).toBe(true);
});

test('an own request may be decided where the policy says so', async () => {
  await using bench = await openWorkbench({ policy: policyOf({ levels: { high: { selfApproval: true } } }) });
  const action = await askHigh(bench, bench.who('carol'));
  await bench.approve(action, bench.who('carol'));
  expect((await bench.orchestrator.settled(action.id)).status).toBe('COMPLETED');
});

test('a requester who is linked to a voter only later is still the same person', async () => {
  const policy = policyOf({ roles: { approver: ['slack:T1:x', 'slack:T1:y'] } });
  await using bench = await openWorkbench({ policy });
  const action = await askHigh(bench, bench.resolve({ principal: 'slack:T1:x' }));
  bench.policy.set({
    ...policy,
    people: [{ id: 'xy', principals: ['slack:T1:x', 'slack:T1:y'], roles: [] }, ...policy.people],
  });
  expect(await refusalOf(bench.approve(action, bench.resolve({ principal: 'slack:T1:y' })))).toBe(
    'SELF_APPROVAL',
  );
});

test('a requester whose principal was taken off the list since is still the same person', async () => {
  await using bench = await openWorkbench();
  const action = await askHigh(bench, bench.who('carol', 'discord'));
  const people = bench.policy
    .current()
    .people.map((person) => (person.id === 'carol' ? { ...person, principals: ['slack:T1:carol'] } : person));
  bench.policy.set({ ...bench.policy.current(), people });
  expect(await refusalOf(bench.approve(action, bench.who('carol')))).toBe('SELF_APPROVAL');
});

test('two principals that turn out to be one person are one vote', async () => {
  const policy = policyOf({
    roles: { approver: ['slack:T1:x', 'slack:T1:y'] },
    levels: { high: { approvals: 2 } },
  });
  await using bench = await openWorkbench({ policy });
  const action = await askHigh(bench);
  await bench.approve(action, bench.resolve({ principal: 'slack:T1:x' }));
  bench.policy.set({
    ...policy,
    people: [{ id: 'xy', principals: ['slack:T1:x', 'slack:T1:y'], roles: [] }, ...policy.people],
  });
  const again = bench.approve(action, bench.resolve({ principal: 'slack:T1:y' }));
  expect(await refusalOf(again)).toBe('ALREADY_VOTED');
  expect(await isStillWaiting(bench, action)).toBe(true);
});

test('a vote finds what has expired even where the timer is late', async () => {
  await using bench = await openWorkbench();
  const action = await askHigh(bench);
  bench.tamper('UPDATE actions SET expiresAt = createdAt WHERE id = ?', action.id);
  expect(await refusalOf(bench.approve(action, bench.who('carol')))).toBe('ACTION_EXPIRED');
  expect((await bench.store.action(action.id))?.status).toBe('EXPIRED');
  expect(bench.agents.began).toEqual([]);
});

test('one person has one vote on all platforms together', async () => {
  await using bench = await openWorkbench({ policy: policyOf({ levels: { high: { approvals: 2 } } }) });
  const action = await askHigh(bench);

  expect((await bench.approve(action, bench.who('carol'))).status).toBe('PENDING');
  expect(await refusalOf(bench.approve(action, bench.who('carol', 'discord')))).toBe('ALREADY_VOTED');
  expect(await refusalOf(bench.deny(action, bench.who('carol')))).toBe('ALREADY_VOTED');
  expect(await isStillWaiting(bench, action)).toBe(true);
  expect((await bench.approve(action, bench.who('dave'))).status).toBe('APPROVED');
});

test('one entitled denial rejects with its reason and gives the reserved agent back', async () => {
  await using bench = await openWorkbench({ policy: policyOf({ levels: { high: { approvals: 2 } } }) });
  const action = await askHigh(bench);
  await bench.approve(action, bench.who('carol'));

  const rejected = await bench.deny(action, bench.who('dave'), 'not on a Friday');

  expect(rejected.status).toBe('REJECTED');
  expect(rejected.error?.message).toBe('denied by slack:T1:dave: not on a Friday');
  expect(await bench.store.liveAgentByName('net')).toBeNull();
  expect(await refusalOf(bench.approve(action, bench.who('erin')))).toBe('ACTION_SETTLED');
  expect(bench.agents.began).toEqual([]);
});

test.each([null, '', '   '])('a denial without a reason (%j) is refused', async (note) => {
  await using bench = await openWorkbench();
  const action = await askHigh(bench);
  expect(await refusalOf(bench.deny(action, bench.who('carol'), note))).toBe('INVALID_INPUT');
  expect(await isStillWaiting(bench, action)).toBe(true);
});

test.each([
  ['the hash of another request', '0'.repeat(64)],
  ['eleven digits', 11],
  ['nothing but dashes', '--'],
  ['a digit too many', 'f'.repeat(65)],
])('refuses an approval that carries %s', async (_what, hash) => {
  await using bench = await openWorkbench();
  const action = await askHigh(bench);
  const given = typeof hash === 'number' ? action.payloadHash.slice(0, hash) : hash;
  expect(await refusalOf(bench.approve(action, bench.who('carol'), { hash: given }))).toBe('HASH_MISMATCH');
  expect(await isStillWaiting(bench, action)).toBe(true);
});

test('CRITICAL takes two admins who type the hash; case and dashes do not matter', async () => {
  await using bench = await openWorkbench();
  const action = await askCritical(bench);
  const typed = shortHash(action.payloadHash);

  expect(await refusalOf(bench.approve(action, bench.who('carol'), { hash: typed }))).toBe('NOT_ALLOWED');
  expect(await refusalOf(bench.approve(action, bench.who('frank'), { hash: null }))).toBe('HASH_MISMATCH');
  expect((await bench.approve(action, bench.who('frank'), { hash: typed.toUpperCase() })).status).toBe(
    'PENDING',
  );
  expect((await bench.approve(action, bench.who('gina'), { hash: typed.replaceAll('-', '') })).status).toBe(
    'APPROVED',
  );

  expect((await bench.orchestrator.settled(action.id)).status).toBe('COMPLETED');
  expect(bench.policy.currentSha256()).toBe('next');
});

test('denying a CRITICAL action takes no hash', async () => {
  await using bench = await openWorkbench();
  const action = await askCritical(bench);
  expect((await bench.deny(action, bench.who('frank'))).status).toBe('REJECTED');
});

test('what is reloaded is the file that was approved', async () => {
  await using bench = await openWorkbench();
  const action = await askCritical(bench);
  await bench.approve(action, bench.who('frank'));
  bench.policy.onDisk = { sha256: 'changed meanwhile', policy: bench.policy.current() };
  await bench.approve(action, bench.who('gina'));

  const settled = await bench.orchestrator.settled(action.id);

  expect(settled).toMatchObject({ status: 'FAILED', error: { code: 'RECHECK_FAILED' } });
  expect(bench.policy.currentSha256()).toBe('start');
});

test('with several channels only listed people vote', async () => {
  const policy = policyOf({ roles: { approver: ['slack-group:T1:S9'] } });
  await using bench = await openWorkbench({ policy, channels: ['slack', 'discord'] });
  const action = await askHigh(bench);
  const unlisted = bench.resolve({ principal: 'slack:T1:U9', groups: ['slack-group:T1:S9'] });
  expect(unlisted.role).toBe('approver');

  expect(await refusalOf(bench.approve(action, unlisted))).toBe('NOT_ALLOWED');
  expect((await bench.approve(action, bench.who('carol'))).status).toBe('APPROVED');
});

test('with one channel a member of a mapped group votes, and still counts when it is run', async () => {
  const policy = policyOf({ roles: { approver: ['slack-group:T1:S9'] } });
  await using bench = await openWorkbench({ policy });
  const action = await askHigh(bench);
  await bench.approve(action, bench.resolve({ principal: 'slack:T1:U9', groups: ['slack-group:T1:S9'] }));
  expect((await bench.orchestrator.settled(action.id)).status).toBe('COMPLETED');
});

test('on the terminal one person can try an approval by two, and the votes carry the mark', async () => {
  await using bench = await openWorkbench({ policy: policyOf({ people: [] }), channels: ['terminal'] });
  const as = (id: string, role: string) =>
    bench.resolve({ principal: 'terminal:local', persona: { id, role } });
  const action = await askHigh(bench, bench.resolve({ principal: 'terminal:local' }));

  expect(await refusalOf(bench.approve(action, as('local', 'admin')))).toBe('SELF_APPROVAL');
  expect(await refusalOf(bench.approve(action, as('bob', 'operator')))).toBe('NOT_ALLOWED');
  await bench.approve(action, as('alice', 'admin'));

  expect((await bench.orchestrator.settled(action.id)).status).toBe('COMPLETED');
  expect(await bench.store.votes(action.id)).toMatchObject([{ personId: 'terminal:alice', persona: true }]);
  const entry = (await bench.audit()).find(({ type }) => type === 'vote');
  expect(entry?.data['persona']).toBe(true);
});

test('two voters at the same instant are two votes and one execution', async () => {
  await using bench = await openWorkbench({ policy: policyOf({ levels: { high: { approvals: 2 } } }) });
  const action = await askHigh(bench);
  await Promise.all([bench.approve(action, bench.who('carol')), bench.approve(action, bench.who('dave'))]);
  expect((await bench.orchestrator.settled(action.id)).status).toBe('COMPLETED');
  expect(bench.agents.began).toEqual([`create ${action.agentId}`]);
});

test('one voter who clicks twenty times at once has one vote', async () => {
  await using bench = await openWorkbench({ policy: policyOf({ levels: { high: { approvals: 2 } } }) });
  const action = await askHigh(bench);
  const clicks = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      bench.approve(action, bench.who('carol', index % 2 === 0 ? 'slack' : 'discord')),
    ),
  );
  expect(clicks.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await bench.store.votes(action.id)).toHaveLength(1);
  expect(await isStillWaiting(bench, action)).toBe(true);
});

test('an approval and a denial at the same instant settle it one way, and a denied one never runs', async () => {
  for (let round = 0; round < 5; round += 1) {
    await using bench = await openWorkbench();
    const action = await askHigh(bench);
    const votes = [
      () => bench.approve(action, bench.who('carol')),
      () => bench.deny(action, bench.who('dave')),
    ];
    if (round % 2 === 1) votes.reverse();
    await Promise.allSettled(votes.map((vote) => vote()));
    const settled = await bench.orchestrator.settled(action.id);
    expect(bench.agents.began).toHaveLength(settled.status === 'COMPLETED' ? 1 : 0);
    expect(settled.status).toBe(round % 2 === 0 ? 'COMPLETED' : 'REJECTED');
  }
});

test('a vote at the instant of expiry is too late, and the action expires there and then', async () => {
  await using bench = await openWorkbench();
  const action = await askHigh(bench);
  const late = bench.clock;
  late.advance(3_600_000 - 1);
  const vote = bench.approve(action, bench.who('carol'));
  late.advance(1);
  expect(await refusalOf(vote)).toBe('ACTION_EXPIRED');
  expect((await bench.orchestrator.settled(action.id)).status).toBe('EXPIRED');
  expect(await bench.store.liveAgentByName('net')).toBeNull();
});

test('what waits expires by the clock, without anybody asking', async () => {
  await using bench = await openWorkbench();
  const first = await askHigh(bench);
  bench.clock.advance(60_000);
  const second = await bench.submit({
    kind: 'agent.create',
    params: { name: 'b', limits: { networkEnabled: true } },
  });
  await bench.store.nextActionExpiry();
  bench.clock.advance(3_540_000);
  expect((await bench.orchestrator.settled(first.id)).status).toBe('EXPIRED');
  expect((await bench.store.action(second.id))?.status).toBe('PENDING');
  await expect.poll(() => bench.clock.armed).toBe(1);
  bench.clock.advance(60_000);
  expect((await bench.orchestrator.settled(second.id)).status).toBe('EXPIRED');
});

test('approvalsFor tells each person what they may decide and why not', async () => {
  await using bench = await openWorkbench({ policy: policyOf({ levels: { high: { approvals: 2 } } }) });
  const action = await askHigh(bench);
  await bench.approve(action, bench.who('carol'));
  const forWhom = async (name: string) => (await bench.orchestrator.approvalsFor(bench.who(name)))[0];

  expect(await forWhom('dave')).toMatchObject({ mayVote: true, why: null });
  expect(await forWhom('carol')).toMatchObject({ mayVote: false, why: 'you have voted on it' });
  expect((await forWhom('alice'))?.mayVote).toBe(false);
  expect((await forWhom('vera'))?.why).toContain('approver, admin');
});

test('an action is named by a unique prefix of its id, and an unknown one is told', async () => {
  await using bench = await openWorkbench();
  const action = await askHigh(bench);
  const prefix = { ...action, id: action.id.slice(0, 5) };
  expect(await refusalOf(bench.approve({ ...action, id: 'zzzzzzzzzzzz' }, bench.who('carol')))).toBe(
    'ACTION_NOT_FOUND',
  );
  expect((await bench.approve(prefix, bench.who('carol'))).id).toBe(action.id);
});

test('a note that is too long is refused', async () => {
  await using bench = await openWorkbench();
  const action = await askHigh(bench);
  const error = await errorOf(bench.deny(action, bench.who('carol'), 'x'.repeat(501)));
  expect(error.code).toBe('TOO_LONG');
});
