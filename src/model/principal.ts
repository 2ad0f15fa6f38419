/** Roles in rising order: each may do what the ones before it may. `stranger` may only ask for help. */
export const ROLES = ['stranger', 'viewer', 'operator', 'approver', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** A platform identity as text: `slack:T1:U2`, `discord:U2`, `terminal:local`, `api:ci`. */
export type PrincipalId = string;

/** Who asks or votes, as the people directory resolved it at that moment. */
export interface Actor {
  principal: PrincipalId;
  /** The human behind the principal; the principal itself when nobody is configured. One person has one vote. */
  personId: string;
  /** How the platform writes the name; for display only, never for decisions. */
  displayName: string;
  /** The highest role. */
  role: Role;
  /** Every role and group this person holds, the highest included. */
  roles: readonly string[];
  /** Set when the terminal's `/as` switched the persona; votes carry the mark. */
  persona: boolean;
  /** Listed under `people` in airlock.yaml (with more than one channel only such people vote). */
  listed: boolean;
}

/** True when `role` is `atLeast` or above it. */
export function roleAtLeast(role: Role, atLeast: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(atLeast);
}
