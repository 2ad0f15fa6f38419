import type { StepOutcome, Steps } from '../agents/types.ts';
import { AppError, toAppError } from '../errors.ts';
import { keepTrying } from '../lib/keep-trying.ts';
import type { ActionRecord } from '../model/action.ts';
import type { StoreTransaction } from '../store/store.ts';
import { renewApprovers } from './approver-groups.ts';
import type { OrchestratorContext } from './context.ts';
import { expireAction } from './expire.ts';
import type { LiveOutputs } from './live-output.ts';
import { moveAction, requireStatus, toActionError } from './moves.ts';
import { settleAction } from './outcome.ts';
import type { Payload } from './payload.ts';
import { recheck } from './recheck.ts';
import { auditText } from './refusal.ts';
import { shuttingDown } from './settled.ts';
import { stopAll } from './stop-all.ts';

export interface Executor {
  /** Runs an APPROVED action in the background; resolves when it has settled. Never rejects. Twice at once is once. */
  run(actionId: string): Promise<void>;
  /** What is not EXECUTING yet stays APPROVED for the next start. */
  stop(): void;
}

export function createExecutor(ctx: OrchestratorContext, live: LiveOutputs): Executor {
  const running = new Map<string, Promise<void>>();
  const stopping = new AbortController();
  const stopped = () => stopping.signal.aborted;

  async function execute(actionId: string): Promise<void> {
    const command: { outcome: StepOutcome | null } = { outcome: null };
    try {
      const action = await ctx.store.action(actionId);
      if (action === null || action.status !== 'APPROVED') return;
      await renewApprovers(ctx, action);
      const payload = await recheck(ctx, ctx.store, action, { status: true });
      if (payload.kind === 'agent.exec') ctx.agents.expectExec(payload.agentId);
      await perform(action, payload, {
        async begin(tx) {
          if (stopped()) throw shuttingDown();
          await begin(ctx, tx, actionId);
        },
        settle(tx, outcome) {
          // How a command ended is known whether its record can be written or not; other work is known by its agent's record.
          if (payload.kind === 'agent.exec') command.outcome = outcome;
          return settleAction(ctx, tx, actionId, outcome);
        },
      });
    } catch (error) {
      await refused(toAppError(error), actionId, command.outcome);
    } finally {
      live.end(actionId);
    }
  }

  function perform(action: ActionRecord, payload: Payload, steps: Steps): Promise<void> {
    const { agents } = ctx;
    switch (payload.kind) {
      case 'agent.create':
        return agents.create(payload.agentId, steps);
      case 'agent.exec': {
        const { command, timeoutMs } = payload.params;
        const ask = { actionId: action.id, shell: command, timeoutMs };
        return agents.exec(payload.agentId, ask, live.sink(action.id), steps);
      }
      case 'agent.pause':
        return agents.pause(payload.agentId, steps);
      case 'agent.resume':
        return agents.resume(payload.agentId, steps);
      case 'agent.stop': {
        const options = { force: payload.params.force, reason: `stopped by ${action.requesterName}` };
        return agents.stopAgent(payload.agentId, options, steps);
      }
      case 'agent.extend':
        return agents.extend(payload.agentId, payload.params.timeToLiveMs, steps);
      case 'agent.stop-all':
        return runOwn(ctx, steps, () =>
          stopAll(ctx, payload.params.agents, `stopped by ${action.requesterName} (stop-all)`),
        );
      case 'config.reload':
        return runOwn(ctx, steps, async () => {
          await ctx.policy.reload(payload.params.sha256);
          return { ok: true, result: { message: `reloaded ${payload.params.path}` } };
        });
    }
  }

  /**
   * Nothing happened: the action says why it will not. When it did begin, nobody knows what happened unless an outcome was told.
   * A card must not say for ever that it runs, so a store that fails is asked again.
   */
  async function refused(error: AppError, actionId: string, told: StepOutcome | null): Promise<void> {
    if (error.code === 'SHUTTING_DOWN') return;
    const outcome: StepOutcome = told ?? { ok: false, error, result: null, status: 'UNKNOWN' };
    const record = async (tx: StoreTransaction) => {
      const action = await tx.action(actionId);
      if (action?.status === 'APPROVED') await reject(ctx, tx, action, error);
      else if (action?.status === 'EXECUTING') await settleAction(ctx, tx, actionId, outcome);
    };
    try {
      await keepTrying(() => ctx.store.transaction(record), {
        clock: ctx.clock,
        signal: stopping.signal,
        onFailure: (failure) =>
          ctx.log.warn({ err: failure, actionId }, 'the end of an action waits to be recorded'),
      });
      if (error.kind === 'fault') ctx.log.error({ err: error, actionId }, 'an action could not be run');
    } catch (failure) {
      ctx.log.error(
        { err: failure, actionId, code: error.code },
        'the end of an action could not be recorded',
      );
    }
  }

  return {
    run(actionId) {
      if (stopped()) return Promise.resolve();
      const known = running.get(actionId);
      if (known !== undefined) return known;
      const run = execute(actionId).finally(() => running.delete(actionId));
      running.set(actionId, run);
      return run;
    },
    stop() {
      stopping.abort();
    },
  };
}

/** APPROVED -> EXECUTING, with everything looked at again in the same transaction. Throws when it must not run. */
async function begin(ctx: OrchestratorContext, tx: StoreTransaction, actionId: string): Promise<void> {
  const action = await tx.action(actionId);
  if (action === null) throw new AppError('ACTION_NOT_FOUND', `there is no action ${actionId}`);
  requireStatus(action, 'APPROVED');
  await recheck(ctx, tx, action, { status: false });
  const moved = await moveAction(tx, ctx.agents, action, {
    to: 'EXECUTING',
    patch: { startedAt: ctx.clock.now(), nodeId: ctx.nodeId },
    audit: { type: 'action.started', actor: action.requester, data: { level: action.level } },
  });
  if (moved === null) throw new AppError('ACTION_SETTLED', `action ${actionId} was taken by another`);
}

async function reject(
  ctx: OrchestratorContext,
  tx: StoreTransaction,
  action: ActionRecord,
  error: AppError,
): Promise<void> {
  if (error.code === 'ACTION_EXPIRED') {
    await expireAction(ctx, tx, action);
    return;
  }
  await moveAction(tx, ctx.agents, action, {
    to: 'REJECTED',
    patch: { finishedAt: ctx.clock.now(), error: toActionError(error) },
    audit: {
      type: 'action.rejected',
      actor: 'system',
      data: { code: error.code, reason: auditText(error.message) },
    },
  });
}

/** For work that is no single operation of the agents room: the same two transactions around it. */
async function runOwn(
  ctx: OrchestratorContext,
  steps: Steps,
  work: () => Promise<StepOutcome>,
): Promise<void> {
  await ctx.store.transaction((tx) => steps.begin(tx));
  const outcome = await work().catch(
    (error: unknown): StepOutcome => ({
      ok: false,
      error: toAppError(error),
      result: null,
      status: 'FAILED',
    }),
  );
  await ctx.store.transaction((tx) => steps.settle(tx, outcome));
}
