import { AppError } from '../errors.ts';
import type { ActionRecord } from '../model/action.ts';
import type { StoreReads } from '../store/store.ts';
import { checkApprovals } from './approvals.ts';
import type { OrchestratorContext } from './context.ts';
import { expiredError } from './moves.ts';
import { openPayload, type Payload } from './payload.ts';
import { levelAbove, roleMissing } from './policy.ts';
import { classifyNow } from './prepare.ts';
import { recallActor } from './remembered.ts';
import { checkSameTarget, checkTargetStatus } from './target.ts';

/**
 * Everything that made an action runnable, looked at again before it runs: the stored bytes and their hash, expiry, the requester's
 * and the approvers' rights, the level under the policy in force, the target. Returns the payload to execute; throws AppError.
 *
 * `status: false` leaves the target's status to the agents room, which moves it in the same transaction.
 */
export async function recheck(
  ctx: OrchestratorContext,
  reads: StoreReads,
  action: ActionRecord,
  options: { status: boolean },
): Promise<Payload> {
  if (action.expiresAt !== null && action.expiresAt <= ctx.clock.now()) throw expiredError(action);
  const payload = openPayload(action);
  const agent = payload.agentId === null ? null : await reads.agent(payload.agentId);

  const requester = await recallActor(reads, ctx.people, action.requester, action.persona);
  const missing = requester === null ? 'operator' : roleMissing(payload.kind, requester.role);
  if (requester === null || missing !== null) {
    throw failed(action, `${action.requesterName} no longer has the role ${missing ?? ''} it takes`);
  }
  const now = classifyNow(ctx, payload, requester, agent);
  if (levelAbove(now.level, action.level)) {
    throw failed(action, `it was ${action.level} and is ${now.level} now (${now.rule})`);
  }
  await checkApprovals(ctx, reads, action);
  checkSameTarget(payload, agent);
  if (options.status && agent !== null) checkTargetStatus(payload.kind, agent);
  return payload;
}

function failed(action: ActionRecord, reason: string): AppError {
  return new AppError('RECHECK_FAILED', `did not run action ${action.id}: ${reason}`, {
    hint: 'ask for it again',
  });
}
