import { AppError } from '../errors.ts';
import { formatDuration } from '../lib/format.ts';
import { newActionId } from '../lib/ids.ts';
import { ROOT_WORD } from '../lib/root-word.ts';
import type { ActionRecord } from '../model/action.ts';
import type { Actor } from '../model/principal.ts';
import type { StoreTransaction } from '../store/store.ts';
import type { OrchestratorContext } from './context.ts';
import { checkDraft } from './input.ts';
import { describePayload, type Payload, sealPayload } from './payload.ts';
import { expiresInMs, roleMissing, termsOf } from './policy.ts';
import { classifyNow, type Prepared, prepareDraft } from './prepare.ts';
import { auditRefusal, auditText } from './refusal.ts';
import { rememberActor } from './remembered.ts';
import type { ActionDraft, SubmitContext } from './types.ts';

/** Records an action, or refuses it with an audit entry. What it returns is committed; running it is the caller's next step. */
export async function submitAction(
  ctx: OrchestratorContext,
  countRequest: (actor: Actor) => void,
  draft: ActionDraft,
  request: SubmitContext,
): Promise<ActionRecord> {
  try {
    countRequest(request.actor);
    checkRole(draft, request.actor);
    checkDraft(draft);
    const prepared = await prepareDraft(ctx, draft, request.actor);
    const action = newAction(ctx, prepared, request);
    checkQuorum(ctx, action, request.actor);
    expectCommand(ctx, action);
    return await ctx.store.transaction((tx) => record(ctx, tx, action, prepared, request));
  } catch (error) {
    await auditRefusal(ctx, error, {
      type: 'action.refused',
      actor: request.actor,
      data: { kind: draft.kind, asked: auditText(askedText(draft)) },
    });
    throw error;
  }
}

function newAction(ctx: OrchestratorContext, prepared: Prepared, request: SubmitContext): ActionRecord {
  const { payload, agent } = prepared;
  const { actor, thread } = request;
  const policy = ctx.policy.current();
  const { level, rule } = classifyNow(ctx, payload, actor, agent);
  const approval = termsOf(policy, level);
  const now = ctx.clock.now();
  return {
    id: newActionId(),
    kind: payload.kind,
    status: approval === null ? 'APPROVED' : 'PENDING',
    level,
    rule,
    ...sealPayload(payload),
    requester: actor.principal,
    requesterPerson: actor.personId,
    requesterName: actor.displayName,
    persona: actor.persona,
    agentId: payload.agentId,
    thread,
    createdAt: now,
    expiresAt: approval === null ? null : now + expiresInMs(policy, level),
    approval,
    decidedAt: approval === null ? now : null,
    startedAt: null,
    finishedAt: null,
    result: null,
    error: null,
    nodeId: ctx.nodeId,
  };
}

/** While an action that needs nobody's approval is being recorded; nothing of it runs before it is on record as begun. */
function expectCommand(ctx: OrchestratorContext, action: ActionRecord): void {
  if (action.kind === 'agent.exec' && action.status === 'APPROVED' && action.agentId !== null)
    ctx.agents.expectExec(action.agentId);
}

async function record(
  ctx: OrchestratorContext,
  tx: StoreTransaction,
  action: ActionRecord,
  { plan, payload }: Prepared,
  { actor, thread, inboxId }: SubmitContext,
): Promise<ActionRecord> {
  const before = inboxId === null ? null : await actionOfInbox(tx, inboxId);
  if (before !== null) return before;
  if (action.status === 'PENDING') await checkPending(ctx, tx, actor);
  if (plan !== null) {
    await ctx.agents.reserve(tx, plan, actor, thread);
  }
  await tx.insertAction(action);
  await rememberActor(tx, actor, ctx.clock.now());
  await tx.appendEvent({ type: 'action.status', actionId: action.id, from: null, to: action.status });
  await tx.appendAudit(submittedEntry(action, payload, actor));
  if (inboxId !== null) await tx.settleInbox(inboxId, action.id);
  return action;
}

/** The same delivery, worked on twice at once, is one action. */
async function actionOfInbox(tx: StoreTransaction, inboxId: string): Promise<ActionRecord | null> {
  const actionId = (await tx.inboxEntry(inboxId))?.actionId ?? null;
  return actionId === null ? null : tx.action(actionId);
}

function submittedEntry(action: ActionRecord, payload: Payload, actor: Actor) {
  return {
    type: 'action.submitted',
    actionId: action.id,
    agentId: action.agentId,
    actor: actor.principal,
    data: {
      kind: action.kind,
      hash: action.payloadHash,
      level: action.level,
      rule: action.rule,
      status: action.status,
      what: auditText(describePayload(payload)),
      person: actor.personId,
      persona: actor.persona,
      quorum: action.approval?.quorum ?? 0,
      expiresAt: action.expiresAt,
    },
  };
}

function checkRole(draft: ActionDraft, actor: Actor): void {
  const needed = roleMissing(draft.kind, actor.role);
  if (needed === null) return;
  throw new AppError('NOT_ALLOWED', `${draft.kind} takes the role ${needed}: you are ${actor.role}`, {
    hint: 'ask an admin to give you the role in airlock.yaml, or ask somebody who has it',
  });
}

function checkQuorum(ctx: OrchestratorContext, action: ActionRecord, actor: Actor): void {
  if (action.approval === null) return;
  const { quorum, roles } = action.approval;
  const possible = ctx.people.possibleVoters(action.approval, actor);
  if (possible >= quorum) return;
  throw new AppError(
    'QUORUM_IMPOSSIBLE',
    `refused ${action.kind}: it is ${action.level} and needs ${quorum} of ${roles.join(', ')} to approve, but there ${
      possible === 1 ? 'is only 1 person' : `are ${possible === 0 ? 'none' : `only ${possible} people`}`
    } besides you`,
    { hint: 'list more people with that role in airlock.yaml, or lower the number of approvals there' },
  );
}

async function checkPending(ctx: OrchestratorContext, tx: StoreTransaction, actor: Actor): Promise<void> {
  const allowed = ctx.policy.current().limits.pendingPerPerson;
  const waiting = await tx.actions({
    statuses: ['PENDING'],
    requesterPerson: actor.personId,
    limit: allowed,
  });
  if (waiting.length < allowed) return;
  const nextExpiry = Math.min(...waiting.map((action) => action.expiresAt ?? Number.POSITIVE_INFINITY));
  const lapses = Number.isFinite(nextExpiry)
    ? ` (the next one lapses in ${formatDuration(nextExpiry - ctx.clock.now())})`
    : '';
  throw new AppError(
    'TOO_MANY_PENDING',
    `${waiting.length} of ${allowed} requests of yours wait for approval${lapses}`,
    {
      hint: `cancel one first: ${ROOT_WORD} cancel ${waiting[0]?.id ?? ''}`,
    },
  );
}

function askedText(draft: ActionDraft): string {
  if (draft.kind === 'agent.create') return draft.params.name ?? '';
  if (draft.kind === 'agent.exec') return `${draft.params.agent} -- ${draft.params.command}`;
  if ('agent' in draft.params) return draft.params.agent;
  return draft.kind === 'agent.stop-all' ? String(draft.params.confirm) : '';
}
