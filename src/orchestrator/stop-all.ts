import type { StepOutcome } from '../agents/types.ts';
import { AppError, toAppError } from '../errors.ts';
import { count } from '../lib/format.ts';
import { inParallel } from '../lib/in-parallel.ts';
import type { OrchestratorContext } from './context.ts';

/** At once: the runtime queue takes 200 calls and other people's work needs room in it. */
const STOPS_AT_ONCE = 50;

/** Stops these agents side by side; one that fails hinders no other. Never throws: the outcome names those that failed. */
export async function stopAll(
  ctx: OrchestratorContext,
  agentIds: readonly string[],
  reason: string,
): Promise<StepOutcome> {
  const failures = new Map<string, AppError>();
  await inParallel(agentIds, STOPS_AT_ONCE, async (agentId) => {
    const error = await stopOne(ctx, agentId, reason);
    if (error !== null) failures.set(agentId, error);
  });
  const stopped = agentIds.filter((id) => !failures.has(id));
  const evidence = {
    stopped,
    failed: Object.fromEntries([...failures].map(([id, error]) => [id, error.message])),
  };
  if (failures.size === 0) {
    return { ok: true, result: { message: `stopped ${count(stopped.length, 'agent')}`, evidence } };
  }
  const named = await Promise.all(
    [...failures].map(async ([id, error]) => `${(await ctx.store.agent(id))?.name ?? id}: ${error.message}`),
  );
  const error = new AppError(
    'CLEANUP_FAILED',
    `stopped ${stopped.length} of ${count(agentIds.length, 'agent')}; ${named.join('; ')}`,
    { hint: 'look at those agents with: status, and stop them with --force' },
  );
  return { ok: false, error, result: { evidence }, status: 'FAILED' };
}

/** Why it is not stopped; null when it is. */
async function stopOne(ctx: OrchestratorContext, agentId: string, reason: string): Promise<AppError | null> {
  let outcome: StepOutcome | null = null;
  try {
    await ctx.agents.stopAgent(
      agentId,
      { force: false, reason },
      {
        begin: async () => {},
        settle: async (_tx, told) => {
          outcome = told;
        },
      },
    );
  } catch (error) {
    return toAppError(error);
  }
  return failureOf(outcome);
}

function failureOf(outcome: StepOutcome | null): AppError | null {
  if (outcome === null) return new AppError('INTERNAL', 'the stop ended without an outcome');
  return outcome.ok ? null : outcome.error;
}
