import type { ApprovalTerms } from '../model/action.ts';
import { type Actor, type Role, ROLES, roleAtLeast } from '../model/principal.ts';

/** True when the terms name a role this person has or is above, or a group they are in. */
export function isEntitled(actor: Actor, terms: Pick<ApprovalTerms, 'roles'>): boolean {
  if (actor.role === 'stranger') return false;
  return terms.roles.some((wanted) => {
    const role: Role | undefined = ROLES.find((known) => known === wanted);
    return role === undefined ? actor.roles.includes(wanted) : roleAtLeast(actor.role, role);
  });
}
