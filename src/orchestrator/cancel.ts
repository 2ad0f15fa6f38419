import { AppError } from '../errors.ts';
import type { ActionRecord } from '../model/action.ts';
import { type Actor, roleAtLeast } from '../model/principal.ts';
import type { StoreTransaction } from '../store/store.ts';
import { isRequester } from './approvals.ts';
import type { OrchestratorContext } from './context.ts';
import { moveAction, settledError } from './moves.ts';
import { auditRefusal, auditText } from './refusal.ts';
import { resolveAction } from './resolve.ts';

export interface CancelRequest {
  actionId: string;
  actor: Actor;
  inboxId: string | null;
}

/** Takes back what waits; asks the agents room to end a running command. Returns the action as it then is. */
export async function cancelAction(
  ctx: OrchestratorContext,
  countRequest: (actor: Actor) => void,
  request: CancelRequest,
): Promise<ActionRecord> {
  let actionId: string | null = null;
  try {
    countRequest(request.actor);
    actionId = (await resolveAction(ctx.store, request.actionId)).id;
    const id = actionId;
    const action = await ctx.store.transaction((tx) => takeBack(ctx, tx, id, request));
    if (action.status !== 'EXECUTING') return action;
    if (!(await ctx.agents.cancelExec(id))) throw await cannotEnd(ctx, action);
    return (await ctx.store.action(id)) ?? action;
  } catch (error) {
    await auditRefusal(ctx, error, {
      type: 'cancel.refused',
      actor: request.actor,
      actionId,
      data: { asked: auditText(request.actionId) },
    });
    throw error;
  }
}

/** CANCELLED when it had not begun; a running command only gets its entry here, its end is recorded when it has ended. */
async function takeBack(
  ctx: OrchestratorContext,
  tx: StoreTransaction,
  actionId: string,
  { actor, inboxId }: CancelRequest,
): Promise<ActionRecord> {
  const action = await tx.action(actionId);
  if (action === null) throw new AppError('ACTION_NOT_FOUND', `there is no action ${actionId}`);
  if (!isRequester(ctx, action, actor) && !roleAtLeast(actor.role, 'admin')) {
    throw new AppError('NOT_ALLOWED', `action ${action.id} was asked for by ${action.requesterName}`, {
      hint: 'only they or an admin can cancel it; an approver can deny it',
    });
  }
  if (action.status === 'EXECUTING') return beginCancel(tx, action, actor, inboxId);
  if (action.status !== 'PENDING' && action.status !== 'APPROVED') throw settledError(action);
  const now = ctx.clock.now();
  const by = isRequester(ctx, action, actor) ? 'the requester' : `${actor.displayName} (${actor.principal})`;
  const cancelled = await moveAction(tx, ctx.agents, action, {
    to: 'CANCELLED',
    patch: { finishedAt: now, error: { code: 'CANCELLED', message: `cancelled by ${by}`, hint: null } },
    audit: { type: 'action.cancelled', actor: actor.principal, data: { person: actor.personId } },
  });
  if (cancelled === null) throw settledError(action);
  if (inboxId !== null) await tx.settleInbox(inboxId, action.id);
  return cancelled;
}

async function beginCancel(
  tx: StoreTransaction,
  action: ActionRecord,
  actor: Actor,
  inboxId: string | null,
): Promise<ActionRecord> {
  if (action.kind !== 'agent.exec') throw underWay(action);
  await tx.appendAudit({
    type: 'action.cancel-asked',
    actionId: action.id,
    agentId: action.agentId,
    actor: actor.principal,
    data: { person: actor.personId },
  });
  if (inboxId !== null) await tx.settleInbox(inboxId, action.id);
  return action;
}

/** Between the look and the cancel the command may have ended by itself. */
async function cannotEnd(ctx: OrchestratorContext, action: ActionRecord): Promise<AppError> {
  const now = (await ctx.store.action(action.id)) ?? action;
  return now.status === 'EXECUTING' ? underWay(now) : settledError(now);
}

function underWay(action: ActionRecord): AppError {
  return new AppError('WRONG_STATE', `action ${action.id} (${action.kind}) is under way`, {
    hint:
      action.kind === 'agent.create'
        ? 'stop the agent instead: that cancels its creation'
        : 'wait for it to end; stopping the agent ends what runs in it',
  });
}
