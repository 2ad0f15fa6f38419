import type { StepOutcome } from '../agents/types.ts';
import { AppError } from '../errors.ts';
import { inParallel } from '../lib/in-parallel.ts';
import type { ActionRecord } from '../model/action.ts';
import type { AgentInstance } from '../model/agent.ts';
import type { StoreReads } from '../store/store.ts';
import type { OrchestratorContext } from './context.ts';
import { expireDue } from './expire.ts';
import { settleAction } from './outcome.ts';
import { openPayload, type Payload } from './payload.ts';

/** Short enough for one transaction that nobody waits behind. */
const SETTLED_AT_ONCE = 200;
/** The runtime works on few calls at a time; the rest would only fill its queue. */
const RUN_AT_ONCE = 8;
/** More than any installation has unsettled. */
const ALL_ACTIONS = 100_000;

/**
 * After a restart, with the agents' records already brought up to date. Assumes: an action is EXECUTING only if its begin was
 * committed, so what is APPROVED never began and may run; what is EXECUTING is never begun again, only settled by looking. PENDING stays.
 *
 * Returns the APPROVED actions to run; only those of this node.
 */
export async function recoverActions(ctx: OrchestratorContext): Promise<string[]> {
  const mine = (actions: readonly ActionRecord[]) => actions.filter((action) => action.nodeId === ctx.nodeId);
  const executing = mine(await ctx.store.actions({ statuses: ['EXECUTING'], limit: ALL_ACTIONS }));
  for (let from = 0; from < executing.length; from += SETTLED_AT_ONCE) {
    const batch = executing.slice(from, from + SETTLED_AT_ONCE);
    await ctx.store.transaction(async (tx) => {
      for (const action of batch) await settleAction(ctx, tx, action.id, await seen(ctx, tx, action));
    });
  }
  await expireDue(ctx);
  const approved = mine(await ctx.store.actions({ statuses: ['APPROVED'], limit: ALL_ACTIONS }));
  // Oldest first: the order in which they were asked for.
  return approved.toReversed().map((action) => action.id);
}

/** Runs what recovery found, a few at a time. */
export function runRecovered(
  run: (actionId: string) => Promise<void>,
  ids: readonly string[],
): Promise<void> {
  return inParallel(ids, RUN_AT_ONCE, run);
}

/** What became of an interrupted action, by what is there now. */
async function seen(ctx: OrchestratorContext, reads: StoreReads, action: ActionRecord): Promise<StepOutcome> {
  let payload: Payload;
  try {
    payload = openPayload(action);
  } catch (error) {
    if (error instanceof AppError) return { ok: false, error, result: null, status: 'UNKNOWN' };
    throw error;
  }
  switch (payload.kind) {
    case 'agent.exec':
      return interrupted(
        'UNKNOWN',
        'Airlock ended while the command ran; the command is ended too, what it did by then is not known',
      );
    case 'agent.stop-all': {
      const left: string[] = [];
      for (const id of payload.params.agents) {
        const agent = await reads.agent(id);
        if (agent !== null && agent.status !== 'STOPPED') left.push(`${agent.name} is ${agent.status}`);
      }
      return left.length === 0
        ? done('all agents are stopped')
        : interrupted('FAILED', `Airlock ended while it stopped them: ${left.join(', ')}`);
    }
    case 'config.reload':
      // A start reads the file, so what was approved is in force exactly when it is still the file on disk.
      return ctx.policy.currentSha256() === payload.params.sha256
        ? done(`${payload.params.path} is in force`)
        : interrupted('FAILED', `${payload.params.path} was changed while Airlock was down`);
    case 'agent.create':
    case 'agent.pause':
    case 'agent.resume':
    case 'agent.stop':
    case 'agent.extend':
      return seenOnAgent(payload, await reads.agent(payload.agentId), action);
  }
}

function seenOnAgent(
  payload: Exclude<Payload, { agentId: null } | { kind: 'agent.exec' }>,
  agent: AgentInstance | null,
  action: ActionRecord,
): StepOutcome {
  if (agent === null) return interrupted('UNKNOWN', 'the agent is gone');
  const is = `${agent.name} is ${agent.status}`;
  switch (payload.kind) {
    case 'agent.create':
      if (agent.startedAt !== null) return done(is);
      return interrupted('FAILED', agent.errorMessage ?? `Airlock ended while it was created: ${is}`);
    case 'agent.pause':
      return agent.status === 'PAUSED' ? done(is) : interrupted('FAILED', `it was not paused: ${is}`);
    case 'agent.resume':
      return agent.status === 'RUNNING' ? done(is) : interrupted('FAILED', `it was not resumed: ${is}`);
    case 'agent.stop':
      return agent.status === 'STOPPED' ? done(is) : interrupted('FAILED', `it was not stopped: ${is}`);
    case 'agent.extend':
      return agent.expiresAt >= action.createdAt + payload.params.timeToLiveMs
        ? done(is)
        : interrupted('FAILED', `it was not extended: ${is}`);
  }
}

function done(what: string): StepOutcome {
  return {
    ok: true,
    result: { message: `seen after a restart: ${what}`, evidence: { seenAfterRestart: what } },
  };
}

function interrupted(status: 'FAILED' | 'UNKNOWN', reason: string): StepOutcome {
  return {
    ok: false,
    status,
    error: new AppError('CANCELLED', `interrupted by a restart: ${reason}`, {
      hint: 'look at the agent, then ask again if it is still wanted',
    }),
    result: { evidence: { seenAfterRestart: reason } },
  };
}
