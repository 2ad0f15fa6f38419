import { expect, test } from 'vitest';
import { policyFileSchema } from '../../../src/config/schema.ts';
import { createPeople, mappedGroups, type PersonOrigin } from '../../../src/orchestrator/people.ts';
import type { ThreadRef } from '../../../src/model/thread.ts';
import { testPolicy } from './workbench.ts';

function peopleOf(file: object, options: { admins?: string[]; channels?: string[] } = {}) {
  const people = createPeople({
    policy: testPolicy(policyFileSchema.parse(file)),
    admins: options.admins ?? [],
    channels: options.channels ?? ['slack'],
  });
  const resolve = (principal: string, more: Partial<PersonOrigin> = {}) =>
    people.resolve({ principal, displayName: principal, groups: [], ...more });
  return { ...people, resolve };
}
const room = (id: string): ThreadRef => ({ channel: 'slack', space: 'T1', room: id, thread: null });

test('without a file: admins by AIRLOCK_ADMINS, the local terminal is admin, everybody else a stranger', () => {
  const people = peopleOf({}, { admins: ['slack:T1:U2'] });
  expect(people.resolve('slack:T1:U2')).toMatchObject({
    role: 'admin',
    personId: 'slack:T1:U2',
    listed: false,
  });
  expect(people.resolve('terminal:local').role).toBe('admin');
  expect(people.resolve('slack:T1:U3').role).toBe('stranger');
  expect(people.resolve('slack:T2:U2').role).toBe('stranger');
});

test('the principals of one listed person are one person with the same rights', () => {
  const file = { people: [{ id: 'alice', principals: ['slack:T1:U2', 'discord:33'], roles: ['approver'] }] };
  const people = peopleOf(file, { admins: ['discord:33'] });
  for (const principal of ['slack:T1:U2', 'discord:33']) {
    expect(people.resolve(principal)).toMatchObject({ personId: 'alice', role: 'admin', listed: true });
    expect(people.personOf(principal)).toBe('alice');
  }
  expect(people.personOf('slack:T1:U9')).toBe('slack:T1:U9');
});

test('what the file says of the local terminal goes before its built-in role', () => {
  const file = { people: [{ id: 'me', principals: ['terminal:local'], roles: ['operator'] }] };
  expect(peopleOf(file).resolve('terminal:local').role).toBe('operator');
});

test('a listed person without a role may look', () => {
  const people = peopleOf({ people: [{ id: 'v', principals: ['slack:T1:U5'] }] });
  expect(people.resolve('slack:T1:U5').role).toBe('viewer');
});

test('groups and principals give the roles they are mapped to', () => {
  const people = peopleOf({
    roles: { approver: ['slack-group:T1:S9', 'slack:T1:U7'], admin: ['discord-role:G1:77'] },
  });
  expect(people.resolve('slack:T1:U1', { groups: ['slack-group:T1:S9'] }).role).toBe('approver');
  expect(people.resolve('slack:T1:U7').role).toBe('approver');
  expect(people.resolve('discord:1', { groups: ['discord-role:G1:77'] }).role).toBe('admin');
  expect(people.resolve('slack:T1:U1', { groups: ['slack-group:T2:S9'] }).role).toBe('stranger');
});

test('being in a configured channel makes an operator, and never more', () => {
  const people = peopleOf({
    channels: { slack: { operators: ['C1'] } },
    roles: { admin: ['slack-channel:T1:C2'] },
  });
  expect(people.resolve('slack:T1:U1', { thread: room('C1') }).role).toBe('operator');
  expect(people.resolve('slack:T1:U1', { thread: room('C2') }).role).toBe('operator');
  expect(people.resolve('slack:T1:U1', { thread: room('C3') }).role).toBe('stranger');
  expect(people.resolve('slack:T1:U1', { groups: ['approver', 'admin'] }).role).toBe('stranger');
});

test('rooms that give a role are named to the channels, and their members hold it outside of them too', () => {
  const file = policyFileSchema.parse({
    channels: { slack: { operators: ['C1'] } },
    roles: { admin: ['slack-channel:T1:C2'], viewer: ['slack-group:T1:S1'] },
  });
  expect(mappedGroups(file)).toEqual(['slack-channel:T1:C2', 'slack-group:T1:S1', 'slack-channel::C1']);
  const people = peopleOf({
    channels: { slack: { operators: ['C1'] } },
    roles: { admin: ['slack-channel:T1:C2'] },
  });
  expect(people.resolve('slack:T1:U1', { groups: ['slack-channel:T1:C1'] }).role).toBe('operator');
  expect(people.resolve('slack:T1:U1', { groups: ['slack-channel:T1:C2'] }).role).toBe('operator');
});

test('a room shared with another workspace makes nobody of that workspace an operator', () => {
  const people = peopleOf({
    channels: { slack: { operators: ['C1'] } },
    roles: { viewer: ['slack-channel:T1:C1'] },
  });
  expect(people.resolve('slack:T2:U1', { thread: room('C1') })).toMatchObject({ role: 'stranger' });
  expect(people.resolve('slack:T2:U1', { thread: room('C1') }).roles).not.toContain('slack-channel:T1:C1');
});

test('a name from a platform is made one harmless line', () => {
  const name = people({ displayName: `a\u202e\n\x1b[2J${'x'.repeat(500)}\ud800` });
  expect(name).toContain('a\\u{202e}\\n\\x1b[2J');
  expect(name.length).toBeLessThan(130);
  expect(name.isWellFormed()).toBe(true);
  function people(more: Partial<PersonOrigin>) {
    return peopleOf({}).resolve('slack:T1:U1', more).displayName;
  }
});

test('a persona is another person with the role asked for, marked, while the terminal is alone', () => {
  const people = peopleOf(
    { people: [{ id: 'alice', principals: ['slack:T1:U2'], roles: ['viewer'] }] },
    { channels: ['terminal'] },
  );
  const alice = people.resolve('terminal:local', { persona: { id: 'Alice', role: 'admin' } });
  expect(alice).toMatchObject({
    principal: 'terminal:alice',
    personId: 'alice',
    role: 'admin',
    persona: true,
  });
  expect(people.resolve('terminal:local').persona).toBe(false);
});

test.each([
  ['beside another channel', ['slack'], { id: 'alice', role: 'admin' }, 'NOT_ALLOWED'],
  ['with an unknown role', ['terminal'], { id: 'alice', role: 'root' }, 'INVALID_INPUT'],
  ['as a stranger', ['terminal'], { id: 'alice', role: 'stranger' }, 'INVALID_INPUT'],
  ['with a name that is none', ['terminal'], { id: 'a b\x1b', role: 'admin' }, 'INVALID_INPUT'],
])('refuses a persona %s', (_what, channels, persona, code) => {
  expect(() => peopleOf({}, { channels }).resolve('terminal:local', { persona })).toThrow(
    expect.objectContaining({ code }),
  );
});

const HIGH = { quorum: 1, roles: ['approver', 'admin'], selfApproval: false, verification: 'none' as const };
const requester = { personId: 'alice', principal: 'slack:T1:U2' };

test('counts who could vote besides the requester', () => {
  const file = {
    people: [
      { id: 'alice', principals: ['slack:T1:U2'], roles: ['admin'] },
      { id: 'bob', principals: ['slack:T1:U3', 'discord:3'], roles: ['approver'] },
      { id: 'vera', principals: ['slack:T1:U4'], roles: ['viewer'] },
    ],
  };
  expect(peopleOf(file).possibleVoters(HIGH, requester)).toBe(1);
  expect(peopleOf(file).possibleVoters({ ...HIGH, selfApproval: true }, requester)).toBe(2);
  expect(peopleOf(file, { admins: ['slack:T1:U9'] }).possibleVoters(HIGH, requester)).toBe(2);
  expect(
    peopleOf(file, { admins: ['slack:T1:U9'], channels: ['slack', 'discord'] }).possibleVoters(
      HIGH,
      requester,
    ),
  ).toBe(1);
  expect(peopleOf({}).possibleVoters(HIGH, requester)).toBe(0);
});

test('a mapped group or a persona keeps it open who could vote', () => {
  expect(peopleOf({ roles: { approver: ['slack-group:T1:S9'] } }).possibleVoters(HIGH, requester)).toBe(
    Number.POSITIVE_INFINITY,
  );
  expect(peopleOf({ roles: { viewer: ['slack-group:T1:S9'] } }).possibleVoters(HIGH, requester)).toBe(0);
  expect(peopleOf({}, { channels: ['terminal'] }).possibleVoters(HIGH, requester)).toBe(
    Number.POSITIVE_INFINITY,
  );
});
