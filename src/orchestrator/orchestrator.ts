import type { Actor } from '../model/principal.ts';
import { createAgentEnds } from './agent-ends.ts';
import { approvalsFor } from './approvals.ts';
import { cancelAction } from './cancel.ts';
import type { OrchestratorContext, OrchestratorDeps } from './context.ts';
import { createExecutor } from './execute.ts';
import { createExpiry } from './expire.ts';
import { createLiveOutputs } from './live-output.ts';
import { createClassifier } from './policy.ts';
import { createRateLimit } from './rate-limit.ts';
import { recoverActions, runRecovered } from './recover.ts';
import { createSettledWaits, shuttingDown } from './settled.ts';
import { submitAction } from './submit.ts';
import type { Orchestrator } from './types.ts';
import { castVote, checkMayVote } from './vote.ts';

/** The way of every action: submit, authorize, classify, approve, execute, record. */
export function createOrchestrator(deps: OrchestratorDeps): Orchestrator {
  const ctx: OrchestratorContext = { ...deps, classify: createClassifier() };
  const live = createLiveOutputs(ctx);
  const waits = createSettledWaits(ctx);
  const expiry = createExpiry(ctx);
  const agentEnds = createAgentEnds(ctx);
  const executor = createExecutor(ctx, live);
  const rate = createRateLimit({
    clock: ctx.clock,
    perMinute: () => ctx.policy.current().limits.requestsPerMinute,
  });
  const underWay = new Set<Promise<unknown>>();
  let stopping = false;

  const countRequest = (actor: Actor) => rate.take(actor.personId);

  /** Refuses work after `stop`, and lets `stop` wait for what was accepted before. */
  async function accept<T>(work: () => Promise<T>): Promise<T> {
    if (stopping) throw shuttingDown();
    const promise = work();
    underWay.add(promise);
    try {
      return await promise;
    } finally {
      underWay.delete(promise);
    }
  }

  /** In the background: whoever asked has their answer, and the action's own record tells how it went. */
  function runLater(actionId: string): void {
    void executor.run(actionId);
  }

  /** The record is committed already, so a timer that cannot be set is no failure of the request. */
  function armExpiry(): void {
    expiry.arm().catch((error: unknown) => {
      if (!stopping) ctx.log.error({ err: error }, 'the next expiry could not be found');
    });
  }

  return {
    async start() {
      const approved = await recoverActions(ctx);
      await expiry.arm();
      await agentEnds.start();
      void runRecovered((id) => executor.run(id), approved);
    },
    async stop() {
      stopping = true;
      executor.stop();
      expiry.stop();
      await agentEnds.stop();
      await Promise.allSettled(underWay);
      waits.stop();
    },
    submit: (draft, request) =>
      accept(async () => {
        const action = await submitAction(ctx, countRequest, draft, request);
        if (action.status === 'APPROVED') runLater(action.id);
        if (action.expiresAt !== null) armExpiry();
        return action;
      }),
    vote: (request) =>
      accept(async () => {
        const action = await castVote(ctx, countRequest, request);
        if (action.status === 'APPROVED') runLater(action.id);
        return action;
      }),
    mayVote: (question) => checkMayVote(ctx, question),
    cancel: (request) => accept(() => cancelAction(ctx, countRequest, request)),
    countQuery: countRequest,
    settled: (actionId, options) => waits.wait(actionId, { orWaiting: options?.orWaiting ?? false }),
    liveOutput: (actionId) => live.of(actionId),
    onOutput: (listener) => live.onOutput(listener),
    approvalsFor: (actor) => approvalsFor(ctx, actor),
  };
}
