import { closest } from '../lib/edit-distance.ts';
import { ROLES } from '../model/principal.ts';
import { type PolicyFile, PRINCIPAL_PATTERN } from './schema.ts';

/** What the schema cannot see: members that contradict each other. */
export interface PolicyFindings {
  problems: { path: PropertyKey[]; allowed: string }[];
  warnings: { path: PropertyKey[]; text: string }[];
}

/** Groups as channels report them: `slack-group:T1:S9`, `discord-role:G1:77`, `slack-channel:T1:C1`. */
export const GROUP_PATTERN = /^(?:slack-group|slack-channel|discord-role|discord-channel):\S+$/;

export function checkPolicy(policy: PolicyFile): PolicyFindings {
  const findings: PolicyFindings = { problems: [], warnings: [] };
  checkPeople(policy, findings);
  checkHolders(policy, findings);
  checkLevels(policy, findings);
  checkDefaults(policy, findings);
  return findings;
}

function checkPeople(policy: PolicyFile, findings: PolicyFindings): void {
  const ids = new Map<string, number>();
  const principals = new Map<string, string>();
  for (const [index, person] of policy.people.entries()) {
    if (ids.has(person.id)) {
      findings.problems.push({
        path: ['people', index, 'id'],
        allowed: 'give each person an id of their own',
      });
    }
    ids.set(person.id, index);
    for (const [position, principal] of person.principals.entries()) {
      const other = principals.get(principal);
      if (other !== undefined) {
        findings.problems.push({
          path: ['people', index, 'principals', position],
          allowed: `list it once: it belongs to ${other} already, and one principal is one person`,
        });
      }
      principals.set(principal, person.id);
    }
    for (const [position, role] of person.roles.entries()) {
      if (isKnownWord(role) || usedByLevels(policy).has(role)) continue;
      findings.warnings.push({ path: ['people', index, 'roles', position], text: unknownRole(role) });
    }
  }
}

function checkHolders(policy: PolicyFile, findings: PolicyFindings): void {
  const people = new Set(policy.people.map((person) => person.id));
  for (const [role, holders] of Object.entries(policy.roles)) {
    for (const [index, holder] of (holders ?? []).entries()) {
      if (PRINCIPAL_PATTERN.test(holder) || GROUP_PATTERN.test(holder) || people.has(holder)) continue;
      findings.warnings.push({
        path: ['roles', role, index],
        text: `"${holder}" is no principal, group or listed person, so it gives the role to nobody`,
      });
    }
  }
}

function checkLevels(policy: PolicyFile, findings: PolicyFindings): void {
  const given = new Set(policy.people.flatMap((person) => person.roles));
  for (const name of ['high', 'critical'] as const) {
    for (const [index, role] of policy.levels[name].roles.entries()) {
      if (isKnownWord(role) || given.has(role)) continue;
      findings.warnings.push({ path: ['levels', name, 'roles', index], text: unknownRole(role) });
    }
    if (policy.levels[name].roles.includes('stranger')) {
      findings.problems.push({
        path: ['levels', name, 'roles'],
        allowed: 'leave stranger out: strangers never vote',
      });
    }
  }
}

function checkDefaults(policy: PolicyFile, findings: PolicyFindings): void {
  const builtIn = 'busybox';
  if (policy.defaultImage === builtIn || policy.defaultImage in policy.images) return;
  findings.problems.push({
    path: ['defaultImage'],
    allowed: `write one of ${[builtIn, ...Object.keys(policy.images)].join(', ')}`,
  });
}

function usedByLevels(policy: PolicyFile): ReadonlySet<string> {
  return new Set([...policy.levels.high.roles, ...policy.levels.critical.roles]);
}

function isKnownWord(role: string): boolean {
  return (ROLES as readonly string[]).includes(role) || GROUP_PATTERN.test(role);
}

function unknownRole(role: string): string {
  const near = closest(role, ROLES);
  return `"${role}" is neither a role (viewer, operator, approver, admin) nor a group anybody is known to be in${
    near === null ? '' : `: did you mean ${near}?`
  }`;
}
