import { createPatternMatcher, type PatternMatcher } from '../config/rule-pattern.ts';
import type { ACTION_KINDS, PolicyFile } from '../config/schema.ts';
import type { ApprovalTerms, Level } from '../model/action.ts';
import { LEVELS } from '../model/action.ts';
import { type Actor, type Role, roleAtLeast } from '../model/principal.ts';
import type { Payload } from './payload.ts';
import type { ActionKind } from './types.ts';

/** What the level of an action depends on. */
export interface ActionFacts {
  payload: Payload;
  actor: Pick<Actor, 'role'>;
  /** The agent belongs to the requester; true where there is no agent yet. */
  own: boolean;
  /** The agent would live longer, counted from its creation, than goes without approval. */
  beyondTimeToLive: boolean;
}

export interface Classification {
  level: Level;
  /** Why, in words for the card and the audit. */
  rule: string;
}

export type Classify = (policy: PolicyFile, facts: ActionFacts) => Classification;

/** The lowest role that may ask at all; what it then takes is the level's business. */
const ROLE_NEEDED: Record<ActionKind, Role> = {
  'agent.create': 'operator',
  'agent.exec': 'operator',
  'agent.pause': 'operator',
  'agent.resume': 'operator',
  'agent.stop': 'operator',
  'agent.extend': 'operator',
  'agent.stop-all': 'admin',
  'config.reload': 'admin',
};
ROLE_NEEDED satisfies Record<(typeof ACTION_KINDS)[number], Role>;

/** Null when this role may ask for it, else the role it takes. */
export function roleMissing(kind: ActionKind, role: Role): Role | null {
  const needed = ROLE_NEEDED[kind];
  return roleAtLeast(role, needed) ? null : needed;
}

/** The ordered rules of the file, then the built-in defaults. */
export function createClassifier(matches: PatternMatcher = createPatternMatcher()): Classify {
  return (policy, facts) => {
    for (const [index, rule] of policy.rules.entries()) {
      const { payload } = facts;
      if (rule.kind !== payload.kind) continue;
      if (rule.network !== undefined && rule.network !== payload.network) continue;
      if (rule.image !== undefined && rule.image !== payload.image?.name) continue;
      const level = upper(rule.level);
      const words = `rule ${index + 1} of airlock.yaml: ${rule.reason}`;
      if (rule.command === undefined) return { level, rule: words };
      if (payload.kind !== 'agent.exec') continue;
      const verdict = matches(rule.command, payload.params.command);
      if (verdict === 'match') return { level, rule: words };
      // Nobody may slip through by a command that is slow to match.
      if (verdict === 'undecided') {
        return { level: higher(level, 'HIGH'), rule: `${words} (its pattern took too long to decide)` };
      }
    }
    return byDefault(facts);
  };
}

/** The approval a level asks for; null for LOW and MEDIUM. */
export function termsOf(policy: PolicyFile, level: Level): ApprovalTerms | null {
  if (level === 'LOW' || level === 'MEDIUM') return null;
  const { approvals, roles, selfApproval, verification } =
    level === 'HIGH' ? policy.levels.high : policy.levels.critical;
  return { quorum: approvals, roles, selfApproval, verification };
}

/** How long people have to decide. */
export function expiresInMs(policy: PolicyFile, level: Level): number {
  return level === 'CRITICAL' ? policy.levels.critical.expiresIn : policy.levels.high.expiresIn;
}

export function levelAbove(a: Level, b: Level): boolean {
  return LEVELS.indexOf(a) > LEVELS.indexOf(b);
}

function byDefault({ payload, actor, own, beyondTimeToLive }: ActionFacts): Classification {
  switch (payload.kind) {
    case 'agent.create':
      if (payload.network) return high('creates an agent with network');
      return medium('creates an agent');
    case 'agent.exec':
      return own ? medium("runs a command in one's own agent") : high("runs a command in another's agent");
    case 'agent.pause':
      return own ? medium("pauses one's own agent") : high("pauses another's agent");
    case 'agent.resume':
      return own ? medium("resumes one's own agent") : high("resumes another's agent");
    case 'agent.extend':
      if (beyondTimeToLive) return high('extends an agent beyond what goes without approval');
      return own ? medium("extends one's own agent") : high("extends another's agent");
    case 'agent.stop':
      if (own) return medium("stops one's own agent");
      return roleAtLeast(actor.role, 'approver')
        ? medium(`stops an agent as ${actor.role}: stopping is the safe direction`)
        : high("stops another's agent");
    case 'agent.stop-all':
      return medium('stops all agents: stopping is the safe direction');
    case 'config.reload':
      return { level: 'CRITICAL', rule: 'default: changes who may do what' };
  }
}

function medium(what: string): Classification {
  return { level: 'MEDIUM', rule: `default: ${what}` };
}

function high(what: string): Classification {
  return { level: 'HIGH', rule: `default: ${what}` };
}

function higher(a: Level, b: Level): Level {
  return levelAbove(a, b) ? a : b;
}

function upper(level: PolicyFile['rules'][number]['level']): Level {
  return LEVELS.find((known) => known.toLowerCase() === level) ?? 'CRITICAL';
}
