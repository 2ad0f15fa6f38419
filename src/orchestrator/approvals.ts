import { AppError } from '../errors.ts';
import { ROOT_WORD } from '../lib/root-word.ts';
import type { ActionRecord, ApprovalTerms, Vote } from '../model/action.ts';
import type { Actor } from '../model/principal.ts';
import type { StoreReads } from '../store/store.ts';
import { GROUPS_COUNT_MS } from './approver-groups.ts';
import type { OrchestratorContext } from './context.ts';
import { isEntitled } from './entitlement.ts';
import { termsOf } from './policy.ts';
import { isSamePerson, recallActor, remembered } from './remembered.ts';

/** Why this person may not decide this action; null when they may. Whether it still waits is checked elsewhere. */
export function whyNotEntitled(
  ctx: Pick<OrchestratorContext, 'people'>,
  action: ActionRecord,
  terms: ApprovalTerms,
  actor: Actor,
): AppError | null {
  if (!isEntitled(actor, terms)) {
    return new AppError(
      'NOT_ALLOWED',
      `a ${action.level} action is decided by ${terms.roles.join(', ')}: you are ${actor.role}`,
      { hint: 'ask one of them' },
    );
  }
  if (ctx.people.onlyListedVote() && !actor.listed) {
    return new AppError(
      'NOT_ALLOWED',
      `${actor.principal} is not listed under people in airlock.yaml: with several channels only listed people vote`,
      { hint: 'have an admin list you there, so that you are one person on all channels' },
    );
  }
  if (!terms.selfApproval && isRequester(ctx, action, actor)) {
    return new AppError('SELF_APPROVAL', `nobody decides their own ${action.level} request`, {
      hint: `ask somebody else, or take it back: ${ROOT_WORD} cancel ${action.id}`,
    });
  }
  return null;
}

export function isRequester(
  ctx: Pick<OrchestratorContext, 'people'>,
  action: ActionRecord,
  actor: Actor,
): boolean {
  return isSamePerson(ctx.people, actor, { principal: action.requester, personId: action.requesterPerson });
}

/** True when this person has voted, under whatever principal. */
export function hasVoted(
  ctx: Pick<OrchestratorContext, 'people'>,
  votes: readonly Vote[],
  actor: Actor,
): boolean {
  return votes.some((vote) =>
    isSamePerson(ctx.people, actor, { principal: vote.principal, personId: vote.personId }),
  );
}

/**
 * Counts the approvals again by the rights the voters have now, under the terms people saw and those in force; groups count as far as
 * they were seen lately. Throws RECHECK_FAILED when they no longer reach the quorum.
 */
export async function checkApprovals(
  ctx: OrchestratorContext,
  reads: Pick<StoreReads, 'votes' | 'setting'>,
  action: ActionRecord,
): Promise<void> {
  const inForce = termsOf(ctx.policy.current(), action.level);
  if (inForce === null) return;
  const seen = action.approval;
  if (seen === null) throw recheckFailed(action, `it is ${action.level} and was never put to anybody`);
  const votes = await reads.votes(action.id);
  if (votes.some((vote) => vote.decision === 'deny')) throw recheckFailed(action, 'somebody denied it');

  const counted = new Set<string>();
  const lost: string[] = [];
  for (const vote of votes) {
    const seenSince = ctx.clock.now() - GROUPS_COUNT_MS;
    const voter = await recallActor(reads, ctx.people, vote.principal, vote.persona, seenSince);
    const refused =
      voter === null ||
      whyNotEntitled(ctx, action, seen, voter) !== null ||
      whyNotEntitled(ctx, action, inForce, voter) !== null;
    if (refused) lost.push(await whoLost(reads, vote, seenSince));
    else counted.add(voter.personId);
  }
  const quorum = Math.max(seen.quorum, inForce.quorum);
  if (counted.size >= quorum) return;
  const reason = `${counted.size} of ${quorum} approvals count now`;
  throw recheckFailed(
    action,
    lost.length === 0 ? reason : `${reason}; no longer entitled: ${lost.join(', ')}`,
  );
}

async function whoLost(
  reads: Pick<StoreReads, 'setting'>,
  { principal, displayName }: Vote,
  seenSince: number,
): Promise<string> {
  const known = await remembered(reads, principal);
  const isUnknown = known !== null && known.groups.length > 0 && known.seenAt < seenSince;
  return isUnknown
    ? `${displayName} (the platform does not say whether they still are in their groups)`
    : displayName;
}

function recheckFailed(action: ActionRecord, reason: string): AppError {
  return new AppError('RECHECK_FAILED', `did not run action ${action.id}: ${reason}`, {
    hint: 'ask for it again',
  });
}

/** Everything that waits, newest first, and whether this person could decide it now. */
export async function approvalsFor(
  ctx: OrchestratorContext,
  actor: Actor,
): Promise<{ action: ActionRecord; mayVote: boolean; why: string | null }[]> {
  const now = ctx.clock.now();
  const waiting = await ctx.store.actions({ statuses: ['PENDING'] });
  const open = waiting.filter((action) => action.expiresAt === null || action.expiresAt > now);
  return Promise.all(
    open.map(async (action) => {
      const why = await whyNotNow(ctx, action, actor);
      return { action, mayVote: why === null, why };
    }),
  );
}

async function whyNotNow(
  ctx: OrchestratorContext,
  action: ActionRecord,
  actor: Actor,
): Promise<string | null> {
  if (action.approval === null) return 'it needs no approval';
  const refused = whyNotEntitled(ctx, action, action.approval, actor);
  if (refused !== null) return refused.message;
  return hasVoted(ctx, await ctx.store.votes(action.id), actor) ? 'you have voted on it' : null;
}
