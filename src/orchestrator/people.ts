import { GROUP_PATTERN } from '../config/check-policy.ts';
import type { PolicySource } from '../config/policy-source.ts';
import { type PolicyFile, PRINCIPAL_PATTERN } from '../config/schema.ts';
import { AppError } from '../errors.ts';
import { escapeLine } from '../lib/escape-text.ts';
import { quote } from '../lib/quote.ts';
import type { ApprovalTerms } from '../model/action.ts';
import { type Actor, type PrincipalId, ROLES, type Role } from '../model/principal.ts';
import type { ThreadRef } from '../model/thread.ts';
import { isEntitled } from './entitlement.ts';

/** Who, as a channel verified it; `RequestOrigin` of the Channel port fits. */
export interface PersonOrigin {
  principal: PrincipalId;
  displayName: string;
  groups: readonly string[];
  /** Where the request was made: a room listed under `channels.*.operators` makes an operator. */
  thread?: ThreadRef;
  /** Terminal only: `/as alice admin`. */
  persona?: { id: string; role: string };
}

/** Turns principals into people with roles, by the policy in force at that moment. */
export interface People {
  /** Throws NOT_ALLOWED for a persona beside another channel, INVALID_INPUT for a malformed one. */
  resolve(origin: PersonOrigin): Actor;
  /** The person behind a principal; the principal itself when nobody is listed for it. */
  personOf(principal: PrincipalId): string;
  /** True while more than one channel is configured: then only listed people vote. */
  onlyListedVote(): boolean;
  /** How many entitled people there can be besides `requester`; infinite where groups or personas keep it open. */
  possibleVoters(terms: ApprovalTerms, requester: Pick<Actor, 'personId' | 'principal'>): number;
}

/** Longer names only push what matters off a card. */
const MAX_NAME_CHARACTERS = 80;
const LOCAL = 'terminal:local';
const PERSONA_ID = /^[a-z][a-z0-9._-]{0,31}$/i;

export function createPeople(deps: {
  policy: Pick<PolicySource, 'current'>;
  /** `AIRLOCK_ADMINS`. */
  admins: readonly PrincipalId[];
  /** Names of the configured channels. */
  channels: readonly string[];
}): People {
  const { policy, admins, channels } = deps;
  const personasAllowed = channels.length === 1 && channels[0] === 'terminal';
  const onlyListedVote = channels.length > 1;
  const listedAs = (principal: PrincipalId) =>
    policy.current().people.find((person) => person.principals.includes(principal));

  function resolve(origin: PersonOrigin): Actor {
    if (origin.persona !== undefined) return persona(origin, origin.persona);
    const person = listedAs(origin.principal);
    const principals = person?.principals ?? [origin.principal];
    const groups = groupsOf(origin);
    const held = new Set<string>(person?.roles ?? []);
    for (const principal of principals) if (admins.includes(principal)) held.add('admin');
    // An entry for it in the file says what the local terminal may do; without one it is the operator of this machine.
    if (person === undefined && origin.principal === LOCAL) held.add('admin');
    addMapped(held, policy.current(), { principals, groups, personId: person?.id ?? null });
    if (isMember(policy.current(), groups)) held.add('operator');
    if (person !== undefined) held.add('viewer');
    const role = highest(held);
    return {
      principal: origin.principal,
      personId: person?.id ?? origin.principal,
      displayName: shownName(origin.displayName),
      role,
      roles: [...new Set([role, ...held, ...groups])],
      persona: false,
      listed: person !== undefined,
    };
  }

  function persona(origin: PersonOrigin, asked: { id: string; role: string }): Actor {
    if (!personasAllowed || !origin.principal.startsWith('terminal:')) {
      throw new AppError(
        'NOT_ALLOWED',
        `refused to act as ${quote(asked.id)}: personas need the terminal to be the only channel`,
        {
          hint: 'decide with your own account on the channel that is configured',
        },
      );
    }
    const role = ROLES.find((known) => known === asked.role);
    if (!PERSONA_ID.test(asked.id)) {
      throw new AppError(
        'INVALID_INPUT',
        `${quote(asked.id)} cannot name a persona: write 1 to 32 letters, digits, dots, dashes`,
        {
          hint: 'for example /as alice',
        },
      );
    }
    if (role === undefined || role === 'stranger') {
      throw new AppError('INVALID_INPUT', `${quote(asked.role)} is no role of a persona`, {
        hint: 'write one of viewer, operator, approver, admin',
      });
    }
    const principal = `terminal:${asked.id.toLowerCase()}`;
    const person =
      policy.current().people.find(({ id }) => id.toLowerCase() === asked.id.toLowerCase()) ??
      listedAs(principal);
    return {
      principal,
      personId: person?.id ?? principal,
      displayName: asked.id,
      role,
      roles: [role],
      persona: true,
      listed: person !== undefined,
    };
  }

  function possibleVoters(terms: ApprovalTerms, requester: Pick<Actor, 'personId' | 'principal'>): number {
    if (personasAllowed) return Number.POSITIVE_INFINITY;
    const file = policy.current();
    const open = isOpen(file, terms);
    if (open && !onlyListedVote) return Number.POSITIVE_INFINITY;
    const known = [
      ...file.people.flatMap((person) => person.principals.slice(0, 1)),
      ...admins,
      ...Object.values(file.roles).flatMap((holders) =>
        (holders ?? []).filter((holder) => PRINCIPAL_PATTERN.test(holder)),
      ),
    ];
    const voters = new Set<string>();
    for (const principal of known) {
      const actor = resolve({ principal, displayName: principal, groups: [] });
      if (onlyListedVote && !actor.listed) continue;
      // A group's members are only known when they act: with open terms any listed person may turn out to be one.
      if (open || isEntitled(actor, terms)) voters.add(actor.personId);
    }
    if (!terms.selfApproval) voters.delete(requester.personId);
    return voters.size;
  }

  return {
    resolve,
    personOf: (principal) => listedAs(principal)?.id ?? principal,
    onlyListedVote: () => onlyListedVote,
    possibleVoters,
  };
}

/**
 * The groups of platforms that give roles, and the rooms: `slack-channel:T1:C1`, or `slack-channel::C1` for a room of our own workspace
 * or server whose members are operators. Where somebody asks in no room at all, a channel reports those that they are members of.
 */
export function mappedGroups(file: PolicyFile): readonly string[] {
  const holders = Object.values(file.roles).flatMap((held) => held ?? []);
  const asked = [...file.levels.high.roles, ...file.levels.critical.roles];
  const rooms = (['slack', 'discord'] as const).flatMap((channel) =>
    (file.channels[channel]?.operators ?? []).map((room) => `${channel}-channel::${room}`),
  );
  return [...new Set([...holders, ...asked, ...rooms].filter((name) => GROUP_PATTERN.test(name)))];
}

/** The groups the platform reported, and the room as a group, in the form `airlock.yaml` maps. */
function groupsOf(origin: PersonOrigin): string[] {
  const groups = origin.groups.filter((group) => GROUP_PATTERN.test(group));
  const { thread } = origin;
  if (thread !== undefined && isAtHome(origin.principal, thread)) {
    groups.push(`${thread.channel}-channel:${thread.space}:${thread.room}`);
  }
  return [...new Set(groups)];
}

/** A room that workspaces share has members of the others too: they are nobody here by being in it. */
function isAtHome(principal: PrincipalId, { channel, space }: ThreadRef): boolean {
  if (channel === 'slack') return principal.startsWith(`slack:${space}:`);
  return channel === 'discord' && principal.startsWith('discord:');
}

function addMapped(
  held: Set<string>,
  file: PolicyFile,
  who: { principals: readonly string[]; groups: readonly string[]; personId: string | null },
): void {
  for (const [role, holders] of Object.entries(file.roles)) {
    for (const holder of holders ?? []) {
      if (who.principals.includes(holder) || holder === who.personId) held.add(role);
      if (!who.groups.includes(holder)) continue;
      // Anybody can join a channel: its membership never gives more than operator.
      held.add(isRoom(holder) && (role === 'approver' || role === 'admin') ? 'operator' : role);
    }
  }
}

function isMember(file: PolicyFile, groups: readonly string[]): boolean {
  return (['slack', 'discord'] as const).some((channel) =>
    (file.channels[channel]?.operators ?? []).some((room) =>
      groups.some((group) => group.startsWith(`${channel}-channel:`) && group.endsWith(`:${room}`)),
    ),
  );
}

/** True when an entitled role can be held by people nobody has listed: through a group or a channel. */
function isOpen(file: PolicyFile, terms: ApprovalTerms): boolean {
  const asks = (role: Role) =>
    isEntitled(
      {
        principal: '',
        personId: '',
        displayName: '',
        role,
        roles: [role],
        persona: false,
        listed: false,
      },
      terms,
    );
  if (terms.roles.some((role) => GROUP_PATTERN.test(role))) return true;
  const throughGroup = Object.entries(file.roles).some(
    ([role, holders]) =>
      asks(ROLES.find((known) => known === role) ?? 'stranger') &&
      (holders ?? []).some((holder) => GROUP_PATTERN.test(holder) && !isRoom(holder)),
  );
  const rooms = [...(file.channels.slack?.operators ?? []), ...(file.channels.discord?.operators ?? [])];
  return throughGroup || (rooms.length > 0 && asks('operator'));
}

function isRoom(group: string): boolean {
  return group.startsWith('slack-channel:') || group.startsWith('discord-channel:');
}

function highest(held: ReadonlySet<string>): Role {
  return ROLES.toReversed().find((role) => held.has(role)) ?? 'stranger';
}

/** Platforms let people call themselves anything: made one line of bounded, well-formed text. */
function shownName(name: string): string {
  return escapeLine(name.slice(0, MAX_NAME_CHARACTERS).toWellFormed());
}
