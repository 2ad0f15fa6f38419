import { toAppError } from '../errors.ts';
import type { ActionRecord, Vote } from '../model/action.ts';
import type { OrchestratorContext } from './context.ts';
import { remembered, rememberGroups } from './remembered.ts';

/** The groups an approver was seen in count so long where the platform does not say; as long as its channel itself believes an answer. */
export const GROUPS_COUNT_MS = 30 * 60_000;
/** The action waits for it; who approved has pressed the button this very moment, as a rule. */
const ASK_WITHIN_MS = 3000;

/**
 * Asks the platforms whether the approvers still are in the groups that they were seen in, and remembers the answers for the re-check: who
 * was taken out of a group since approves nothing by it. Where there is no answer in time, what is remembered stays as old as it is.
 */
export async function renewApprovers(ctx: OrchestratorContext, action: ActionRecord): Promise<void> {
  const { stillIn } = ctx;
  if (action.approval === null || stillIn === undefined) return;
  const votes = (await ctx.store.votes(action.id)).filter(({ persona }) => !persona);
  const now = ctx.clock.now();
  const answers = await Promise.all(votes.map((vote) => askFor(ctx, stillIn, vote)));
  const given = answers.filter((answer) => answer !== null);
  if (given.length === 0) return;
  await ctx.store.transaction(async (tx) => {
    for (const { principal, groups } of given) await rememberGroups(tx, principal, groups, now);
  });
}

/** Null where there is nothing to ask, or no answer. */
async function askFor(
  ctx: OrchestratorContext,
  stillIn: NonNullable<OrchestratorContext['stillIn']>,
  { principal }: Vote,
) {
  const known = await remembered(ctx.store, principal);
  if (known === null || known.groups.length === 0) return null;
  const late = Promise.withResolvers<null>();
  using _limit = ctx.clock.after(ASK_WITHIN_MS, () => late.resolve(null));
  try {
    const groups = await Promise.race([stillIn(principal, known.groups), late.promise]);
    if (groups !== null) return { principal, groups };
    ctx.log.info({ principal }, 'the platform did not say which groups an approver is in');
  } catch (error) {
    ctx.log.warn({ principal, reason: toAppError(error).message }, 'the groups of an approver are not known');
  }
  return null;
}
