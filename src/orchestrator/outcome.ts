import type { StepOutcome } from '../agents/types.ts';
import { AppError } from '../errors.ts';
import { formatDuration } from '../lib/format.ts';
import type { ActionError, ActionRecord, ActionResult, ExecResult } from '../model/action.ts';
import type { StoreTransaction } from '../store/store.ts';
import type { OrchestratorContext } from './context.ts';
import { moveAction, toActionError } from './moves.ts';
import { auditText } from './refusal.ts';

interface Settlement {
  to: 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'UNKNOWN';
  result: ActionResult | null;
  error: ActionError | null;
}

/** Writes what came of an action, in the transaction that has the work's own records. EXECUTING actions only; others stay. */
export async function settleAction(
  ctx: OrchestratorContext,
  tx: StoreTransaction,
  actionId: string,
  outcome: StepOutcome,
): Promise<void> {
  const action = await tx.action(actionId);
  // The agent's own change must be recorded whatever happened to the action meanwhile.
  if (action === null || action.status !== 'EXECUTING') {
    ctx.log.error(
      { actionId, status: action?.status ?? null },
      'an outcome came for an action that does not execute',
    );
    return;
  }
  const { to, result, error } = settlementOf(outcome);
  const now = ctx.clock.now();
  await moveAction(tx, ctx.agents, action, {
    to,
    patch: { finishedAt: now, result, error },
    audit: {
      type: 'action.finished',
      actor: action.requester,
      data: {
        rule: action.rule,
        level: action.level,
        durationMs: now - (action.startedAt ?? now),
        exec: result?.exec ?? null,
        evidence: result?.evidence ?? null,
        error: error === null ? null : { code: error.code, message: auditText(error.message) },
        votes: await votesOf(tx, action),
      },
    },
  });
}

async function votesOf(tx: StoreTransaction, action: ActionRecord) {
  if (action.approval === null) return [];
  const votes = await tx.votes(action.id);
  return votes.map(({ personId, principal, decision, persona }) => ({
    personId,
    principal,
    decision,
    persona,
  }));
}

/** A command that ends by itself is COMPLETED whatever its exit code. */
function settlementOf(outcome: StepOutcome): Settlement {
  if (!outcome.ok) {
    return { to: outcome.status, result: outcome.result, error: toActionError(outcome.error) };
  }
  const { result } = outcome;
  const exec = result.exec;
  if (exec === undefined) return { to: 'COMPLETED', result, error: null };
  switch (exec.cause) {
    case 'exited':
    case 'signalled':
      return { to: 'COMPLETED', result, error: null };
    case 'cancelled':
      return { to: 'CANCELLED', result, error: endError(exec) };
    case 'unknown':
      return { to: 'UNKNOWN', result, error: endError(exec) };
    case 'timed-out':
    case 'out-of-memory':
    case 'sandbox-lost':
    case 'stopped':
      return { to: 'FAILED', result, error: endError(exec) };
  }
}

function endError(exec: ExecResult): ActionError {
  const after = formatDuration(exec.durationMs);
  switch (exec.cause) {
    case 'timed-out':
      return toActionError(
        new AppError('RUNTIME_TIMEOUT', `the command was ended after ${after}: its time was up`, {
          hint: 'give it more time with --timeout, or run it in the background',
        }),
      );
    case 'out-of-memory':
      return toActionError(
        new AppError('RUNTIME_FAILED', `the command was ended after ${after}: the agent ran out of memory`, {
          hint: 'create an agent with more --memory',
        }),
      );
    case 'sandbox-lost':
      return toActionError(
        new AppError('SANDBOX_LOST', `the sandbox ended while the command ran (after ${after})`, {
          hint: 'create a new agent',
        }),
      );
    case 'stopped':
      return toActionError(
        new AppError('CANCELLED', `the agent was stopped while the command ran (after ${after})`),
      );
    case 'cancelled':
      return toActionError(new AppError('CANCELLED', `the command was cancelled after ${after}`));
    case 'exited':
    case 'signalled':
    case 'unknown':
      return toActionError(new AppError('RUNTIME_FAILED', 'it is not known how the command ended'));
  }
}
