import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ACTION_STATUSES, TERMINAL_ACTION_STATUSES } from '../../../src/model/action.ts';
import { AGENT_STATUSES, isLive } from '../../../src/model/agent.ts';
import { AUDIT_GENESIS, auditHash } from '../../../src/model/audit.ts';
import { ROLES, roleAtLeast } from '../../../src/model/principal.ts';
import { threadKey } from '../../../src/model/thread.ts';
import { aThread } from '../../fixtures/records.ts';

test('an agent is live until it is stopped, or failed and cleaned up', () => {
  const live = (cleaned: boolean) => AGENT_STATUSES.filter((status) => isLive({ status, cleaned }));
  expect(live(false)).toEqual(['PENDING', 'CREATING', 'RUNNING', 'PAUSED', 'STOPPING', 'ERROR']);
  expect(live(true)).toEqual(['PENDING', 'CREATING', 'RUNNING', 'PAUSED', 'STOPPING']);
});

test('an action is settled in every status but the three it moves on from', () => {
  expect(ACTION_STATUSES.filter((status) => !TERMINAL_ACTION_STATUSES.has(status))).toEqual([
    'PENDING',
    'APPROVED',
    'EXECUTING',
  ]);
});

test('each role may do what the ones before it may, and no more', () => {
  for (const [index, role] of ROLES.entries()) {
    expect(ROLES.filter((atLeast) => roleAtLeast(role, atLeast))).toEqual(ROLES.slice(0, index + 1));
  }
});

describe('threadKey', () => {
  test('tells a room from its threads', () => {
    expect(threadKey(aThread(null))).not.toBe(threadKey(aThread('1')));
  });

  test('is the same only for the same place', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', ':', '|', ' ') });
    const place = fc.record({
      channel: word,
      space: word,
      room: word,
      thread: fc.option(word.filter((text) => text !== '')),
    });
    fc.assert(
      fc.property(place, place, (a, b) => {
        const same = (['channel', 'space', 'room', 'thread'] as const).every((part) => a[part] === b[part]);
        expect(threadKey(a) === threadKey(b)).toBe(same);
      }),
    );
  });
});

describe('auditHash', () => {
  const entry = {
    seq: 1,
    at: 1_700_000_000_000,
    type: 'vote',
    actionId: 'abc',
    agentId: null,
    actor: 'terminal:local',
    data: { decision: 'approve', note: 'grüße' },
    previousHash: AUDIT_GENESIS,
  };

  test('is SHA-256 over the canonical JSON of every other member', () => {
    const text =
      '{"actionId":"abc","actor":"terminal:local","agentId":null,"at":1700000000000,' +
      `"data":{"decision":"approve","note":"grüße"},"previousHash":"${AUDIT_GENESIS}","seq":1,"type":"vote"}`;
    expect(auditHash(entry)).toBe(createHash('sha256').update(text).digest('hex'));
  });

  test.each([
    { seq: 2 },
    { at: 1 },
    { type: 'votes' },
    { actionId: null },
    { agentId: 'x' },
    { actor: 'x' },
    { data: { decision: 'deny', note: 'grüße' } },
    { previousHash: '1'.repeat(64) },
  ])('changes with %j', (change) => {
    expect(auditHash({ ...entry, ...change })).not.toBe(auditHash(entry));
  });

  test('does not depend on the order of members, nor on members that are not part of an entry', () => {
    const reordered = { ...entry, data: { note: 'grüße', decision: 'approve' }, hash: 'ignored' };
    expect(auditHash(reordered)).toBe(auditHash(entry));
  });
});
