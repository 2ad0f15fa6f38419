import type { AgentManager } from '../agents/types.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import type { ActionError, ActionRecord, ActionStatus } from '../model/action.ts';
import type { AuditDraft } from '../model/audit.ts';
import type { ActionPatch, StoreTransaction } from '../store/store.ts';

/**
 * ```
 * PENDING   -> APPROVED | REJECTED | EXPIRED | CANCELLED
 * APPROVED  -> EXECUTING | REJECTED (re-check) | EXPIRED | CANCELLED
 * EXECUTING -> COMPLETED | FAILED | CANCELLED | UNKNOWN          all others are terminal
 * ```
 */
export const ACTION_MOVES: Record<ActionStatus, readonly ActionStatus[]> = {
  PENDING: ['APPROVED', 'REJECTED', 'EXPIRED', 'CANCELLED'],
  APPROVED: ['EXECUTING', 'REJECTED', 'EXPIRED', 'CANCELLED'],
  EXECUTING: ['COMPLETED', 'FAILED', 'CANCELLED', 'UNKNOWN'],
  COMPLETED: [],
  FAILED: [],
  REJECTED: [],
  EXPIRED: [],
  CANCELLED: [],
  UNKNOWN: [],
};

export interface Move {
  to: ActionStatus;
  patch: Omit<ActionPatch, 'status'>;
  audit: Pick<AuditDraft, 'type' | 'actor' | 'data'>;
}

/**
 * The one way an action changes its status: compare-and-set, event and audit entry in the caller's transaction. A create that
 * will not run gives its reserved agent back. Null = somebody else moved it first, and nothing was written.
 */
export async function moveAction(
  tx: StoreTransaction,
  agents: Pick<AgentManager, 'release'>,
  action: ActionRecord,
  move: Move,
): Promise<ActionRecord | null> {
  if (!ACTION_MOVES[action.status].includes(move.to)) {
    throw new AppError('INTERNAL', `action ${action.id} cannot go from ${action.status} to ${move.to}`);
  }
  const moved = await tx.updateAction(action.id, [action.status], { ...move.patch, status: move.to });
  if (moved === null) return null;
  if (action.kind === 'agent.create' && action.agentId !== null && willNotRun(action.status, move.to)) {
    await agents.release(tx, action.agentId, moved.error?.message ?? `its create is ${move.to}`);
  }
  await tx.appendEvent({ type: 'action.status', actionId: action.id, from: action.status, to: move.to });
  await tx.appendAudit({
    type: move.audit.type,
    actionId: action.id,
    agentId: action.agentId,
    actor: move.audit.actor,
    data: { kind: action.kind, hash: action.payloadHash, status: move.to, ...move.audit.data },
  });
  return moved;
}

/** The guard before every operation. Throws ACTION_EXPIRED or ACTION_SETTLED with what happened to it. */
export function requireStatus(action: ActionRecord, ...allowed: readonly ActionStatus[]): void {
  if (allowed.includes(action.status)) return;
  throw settledError(action);
}

/** Why nothing can be decided about it any more. */
export function settledError(action: ActionRecord): AppError {
  if (action.status === 'EXPIRED') return expiredError(action);
  const reason = action.error === null ? '' : ` (${action.error.message})`;
  return new AppError('ACTION_SETTLED', `action ${action.id} is ${action.status} already${reason}`, {
    hint: 'ask for it again if it is still wanted',
  });
}

export function expiredError(action: Pick<ActionRecord, 'id'>): AppError {
  return new AppError('ACTION_EXPIRED', `action ${action.id} expired before it was decided and run`, {
    hint: 'ask for it again if it is still wanted',
  });
}

/** An AppError as the record and the card keep it. */
export function toActionError(error: AppError): ActionError & { code: ErrorCode } {
  return { code: error.code, message: error.message, hint: error.hint ?? null };
}

function willNotRun(from: ActionStatus, to: ActionStatus): boolean {
  return from !== 'EXECUTING' && (to === 'REJECTED' || to === 'EXPIRED' || to === 'CANCELLED');
}
