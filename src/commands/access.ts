import { AppError } from '../errors.ts';
import type { AgentInstance } from '../model/agent.ts';
import { type Actor, type Role, roleAtLeast } from '../model/principal.ts';
import { type ThreadRef, threadKey } from '../model/thread.ts';

/** Throws NOT_ALLOWED unless the actor holds the role or a higher one. */
export function requireRole(actor: Actor, role: Role, what: string): void {
  if (roleAtLeast(actor.role, role)) return;
  throw new AppError('NOT_ALLOWED', `${what} is for the role ${role} and above; yours is ${actor.role}`, {
    hint: 'ask an admin to give you the role in airlock.yaml or AIRLOCK_ADMINS',
  });
}

/**
 * Logs and output are for the owner, people in the agent's own thread, approvers and admins. A room is nobody's thread: only a
 * thread of the agent's own counts. Throws NOT_ALLOWED.
 */
export function requireOutputAccess(actor: Actor, thread: ThreadRef, agent: AgentInstance): void {
  const inItsThread = agent.thread.thread !== null && threadKey(thread) === threadKey(agent.thread);
  if (actor.personId === agent.ownerPerson || roleAtLeast(actor.role, 'approver')) return;
  if (inItsThread && roleAtLeast(actor.role, 'viewer')) return;
  throw new AppError(
    'NOT_ALLOWED',
    `the output of ${agent.name} is for its owner, its thread, approvers and admins`,
    { hint: 'ask in the thread of the agent, or ask its owner' },
  );
}
