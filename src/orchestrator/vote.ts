import { AppError } from '../errors.ts';
import { ROOT_WORD } from '../lib/root-word.ts';
import type { ActionRecord, ApprovalTerms, Vote } from '../model/action.ts';
import type { Actor } from '../model/principal.ts';
import type { StoreReads, StoreTransaction } from '../store/store.ts';
import { cancelWithAgent, endedAgent } from './agent-ends.ts';
import { hasVoted, whyNotEntitled } from './approvals.ts';
import type { OrchestratorContext } from './context.ts';
import { expireAction } from './expire.ts';
import { checkNote } from './input.ts';
import { expiredError, moveAction, requireStatus, settledError, toActionError } from './moves.ts';
import { openPayload } from './payload.ts';
import { hasRead, notRead } from './reading.ts';
import { auditRefusal, auditText } from './refusal.ts';
import { rememberActor } from './remembered.ts';
import { resolveAction } from './resolve.ts';
import type { VoteQuestion, VoteRequest } from './types.ts';

/** The short hash on a card; fewer digits do not name an action. */
const MIN_HASH_DIGITS = 12;

/**
 * Decides in one transaction: what it checks is what the vote is written beside. A refused vote has an audit entry. Returns the
 * action as it then is; running it once APPROVED is the caller's next step.
 */
export async function castVote(
  ctx: OrchestratorContext,
  countRequest: (actor: Actor) => void,
  request: VoteRequest,
): Promise<ActionRecord> {
  let actionId: string | null = null;
  try {
    countRequest(request.actor);
    if (request.note !== null) checkNote(request.note);
    actionId = (await resolveAction(ctx.store, request.actionId)).id;
    const id = actionId;
    const decided = await ctx.store.transaction((tx) => decide(ctx, tx, id, request));
    if (decided instanceof AppError) throw decided;
    return decided;
  } catch (error) {
    await auditRefusal(ctx, error, {
      type: 'vote.refused',
      actor: request.actor,
      actionId,
      data: { decision: request.decision, asked: auditText(request.actionId) },
    });
    throw error;
  }
}

/** Throws to leave no trace; returns an error where finding the reason also moved the action (expired, tampered with). */
async function decide(
  ctx: OrchestratorContext,
  tx: StoreTransaction,
  actionId: string,
  request: VoteRequest,
): Promise<ActionRecord | AppError> {
  const action = await tx.action(actionId);
  if (action === null) throw new AppError('ACTION_NOT_FOUND', `there is no action ${actionId}`);
  requireStatus(action, 'PENDING');
  const now = ctx.clock.now();
  if (isOver(action, now)) {
    await expireAction(ctx, tx, action);
    return expiredError(action);
  }
  const gone = await endedAgent(tx, action);
  if (gone !== null) return settledError((await cancelWithAgent(ctx, tx, action, gone)) ?? action);
  const broken = tamperingOf(action);
  if (broken !== null) {
    await moveAction(tx, ctx.agents, action, {
      to: 'REJECTED',
      patch: { decidedAt: now, finishedAt: now, error: toActionError(broken) },
      audit: { type: 'action.rejected', actor: 'system', data: { reason: broken.message } },
    });
    return broken;
  }
  const { terms, votes } = await checkVoter(ctx, tx, action, request);
  checkHash(action, terms.verification === 'typed-hash', request);
  if (request.decision === 'deny' && (request.note ?? '').trim() === '') {
    throw new AppError('INVALID_INPUT', `denying action ${action.id} takes a reason`, {
      hint: `say why: ${ROOT_WORD} deny ${action.id} <reason>`,
    });
  }

  const vote = newVote(action.id, request, now);
  if (!(await tx.insertVote(vote))) throw alreadyVoted(action);
  await rememberActor(tx, request.actor, now);
  await tx.appendEvent({
    type: 'action.vote',
    actionId: action.id,
    personId: vote.personId,
    decision: vote.decision,
  });
  await tx.appendAudit({
    type: 'vote',
    actionId: action.id,
    agentId: action.agentId,
    actor: vote.principal,
    data: {
      decision: vote.decision,
      person: vote.personId,
      persona: vote.persona,
      note: vote.note === null ? null : auditText(vote.note),
      hash: action.payloadHash,
      typedHash: terms.verification === 'typed-hash' && vote.decision === 'approve',
    },
  });
  if (request.inboxId !== null) await tx.settleInbox(request.inboxId, action.id);
  return settleVotes(ctx, tx, action, [...votes, vote], terms.quorum);
}

/** Whether this vote would be taken, but for what a form still asks (hash, reason). Changes nothing; throws what the vote would. */
export async function checkMayVote(ctx: OrchestratorContext, request: VoteQuestion): Promise<void> {
  const action = await resolveAction(ctx.store, request.actionId);
  requireStatus(action, 'PENDING');
  if (isOver(action, ctx.clock.now())) throw expiredError(action);
  await checkVoter(ctx, ctx.store, action, request);
}

function isOver({ expiresAt }: ActionRecord, now: number): boolean {
  return expiresAt !== null && expiresAt <= now;
}

/** Throws why this person's vote is not taken. */
async function checkVoter(
  ctx: OrchestratorContext,
  reads: Pick<StoreReads, 'votes' | 'setting'>,
  action: ActionRecord,
  { actor, decision, mustRead }: VoteQuestion,
): Promise<{ terms: ApprovalTerms; votes: readonly Vote[] }> {
  const terms = action.approval;
  if (terms === null) throw new AppError('INTERNAL', `action ${action.id} waits without terms`);
  const refused = whyNotEntitled(ctx, action, terms, actor);
  if (refused !== null) throw refused;
  const votes = await reads.votes(action.id);
  if (hasVoted(ctx, votes, actor)) throw alreadyVoted(action);
  if (decision === 'approve' && mustRead?.(action) === true && !(await hasRead(reads, action, actor))) {
    throw notRead(action);
  }
  return { terms, votes };
}

/** One denial rejects; the quorum approves; else it goes on waiting. */
async function settleVotes(
  ctx: OrchestratorContext,
  tx: StoreTransaction,
  action: ActionRecord,
  votes: readonly Vote[],
  quorum: number,
): Promise<ActionRecord> {
  const now = ctx.clock.now();
  const denial = votes.find((vote) => vote.decision === 'deny');
  if (denial !== undefined) {
    const message = `denied by ${denial.displayName}: ${denial.note ?? ''}`;
    const hint = `talk to ${denial.displayName}, then ask again`;
    const error = { code: 'NOT_ALLOWED', message, hint };
    const rejected = await moveAction(tx, ctx.agents, action, {
      to: 'REJECTED',
      patch: { decidedAt: now, finishedAt: now, error },
      audit: { type: 'action.rejected', actor: denial.principal, data: { reason: auditText(message) } },
    });
    if (rejected === null) throw settledError(action);
    return rejected;
  }
  if (votes.length < quorum) return action;
  const approved = await moveAction(tx, ctx.agents, action, {
    to: 'APPROVED',
    patch: { decidedAt: now },
    audit: {
      type: 'action.approved',
      actor: votes.at(-1)?.principal ?? 'system',
      data: { votes: votes.map((vote) => vote.personId), quorum },
    },
  });
  if (approved === null) throw settledError(action);
  return approved;
}

function newVote(actionId: string, { actor, decision, note }: VoteRequest, at: number): Vote {
  return {
    actionId,
    personId: actor.personId,
    principal: actor.principal,
    displayName: actor.displayName,
    decision,
    note: note === null || note.trim() === '' ? null : note.trim(),
    persona: actor.persona,
    at,
  };
}

function checkHash(action: ActionRecord, typed: boolean, request: VoteRequest): void {
  if (request.hash === null) {
    if (!typed || request.decision === 'deny') return;
    throw new AppError(
      'HASH_MISMATCH',
      `approving ${action.level} action ${action.id} takes its hash, typed from the card`,
      {
        hint: `${ROOT_WORD} approve ${action.id} --hash <the 12 digits on the card>`,
      },
    );
  }
  const digits = request.hash.toLowerCase().replaceAll(/[\s-]/g, '');
  if (
    digits.length >= MIN_HASH_DIGITS &&
    /^[0-9a-f]+$/.test(digits) &&
    action.payloadHash.startsWith(digits)
  ) {
    return;
  }
  throw new AppError('HASH_MISMATCH', `the hash given is not that of action ${action.id}`, {
    hint: 'look at the card again: what it shows may not be what you wanted to decide',
  });
}

function tamperingOf(action: ActionRecord): AppError | null {
  try {
    openPayload(action);
    return null;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

function alreadyVoted(action: ActionRecord): AppError {
  return new AppError('ALREADY_VOTED', `you have voted on action ${action.id}: votes are final`, {
    hint: 'one person has one vote, on all channels together',
  });
}
