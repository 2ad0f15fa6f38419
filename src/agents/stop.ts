import { type AppError, toAppError } from '../errors.ts';
import type { AgentInstance } from '../model/agent.ts';
import type { RemovalEvidence } from '../sandboxes/sandbox.ts';
import type { StoreTransaction } from '../store/store.ts';
import { stoppedWhileCreating } from './create.ts';
import { withDeadline } from './deadline.ts';
import { cleanUp, removeSandbox } from './removal.ts';
import { closeSandbox, type LiveSandbox, requireDriver, requireFound, type Room } from './room.ts';
import { moveAgent } from './states.ts';
import { beginOperation, commit, failed } from './steps.ts';
import type { StepOutcome, Steps } from './types.ts';

export interface StopOptions {
  force: boolean;
  reason: string;
}

/** A forced stop gives a call under way this long to end by itself, then goes on beside it. */
export const FORCED_WAIT_MS = 1000;

/**
 * To STOPPING at once, then STOPPED, or ERROR when something is left. Cancels a create under way, ends running commands, and
 * overtakes pause and resume. Stopping what is stopped is success.
 */
export async function stopAgent(
  room: Room,
  agentId: string,
  options: StopOptions,
  steps: Steps,
): Promise<void> {
  const begun = await beginOperation(room, steps, {
    async guard(tx) {
      return requireFound(await tx.agent(agentId), agentId);
    },
    async write(tx, agent) {
      if (agent.status === 'PENDING') {
        await moveAgent(tx, agentId, {
          to: 'STOPPED',
          reason: options.reason,
          patch: { stoppedAt: room.clock.now() },
        });
        await steps.settle(tx, { ok: true, result: { message: 'stopped before it was created' } });
      } else if (agent.status === 'STOPPED' && agent.cleaned) {
        await steps.settle(tx, { ok: true, result: { message: 'is stopped' } });
      } else if (agent.status !== 'STOPPING' && agent.status !== 'STOPPED') {
        await moveAgent(tx, agentId, { to: 'STOPPING', reason: options.reason });
      }
    },
  });
  const agent = begun?.value;
  if (agent === undefined || agent.status === 'PENDING') return;
  if (agent.status === 'STOPPED') {
    if (!agent.cleaned) await settleByCleaning(room, agentId, steps);
    return;
  }
  const underWay = room.stops.get(agentId);
  if (underWay === undefined) {
    await startStop(room, agent, options, steps);
    return;
  }
  if (options.force) underWay.force();
  const outcome = await underWay.finished;
  await commit(room, (tx) => steps.settle(tx, outcome));
}

async function settleByCleaning(room: Room, agentId: string, steps: Steps): Promise<void> {
  await cleanUp(room, agentId);
  await commit(room, async (tx) =>
    steps.settle(tx, { ok: true, result: { message: 'had ended by itself', evidence: { agentId } } }),
  );
}

async function startStop(
  room: Room,
  agent: AgentInstance,
  options: StopOptions,
  steps: Steps,
): Promise<void> {
  const forced = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<StepOutcome>();
  // Nobody may have joined: a failure to record is thrown to the one who began.
  finished.promise.catch(() => undefined);
  if (options.force) forced.resolve();
  room.stops.set(agent.id, { force: forced.resolve, finished: finished.promise });
  const live = room.sandboxes.get(agent.id);
  if (live !== undefined) live.stopping = true;
  live?.creating?.abort(stoppedWhileCreating(agent));
  try {
    const { AIRLOCK_STOP_TIMEOUT } = room.environment;
    const ended = await room.lanes.overtaking(
      agent.id,
      AIRLOCK_STOP_TIMEOUT,
      () =>
        endSandbox(room, agent.id, options.force ? 0 : room.environment.AIRLOCK_STOP_GRACE, forced.promise),
      // A create is aborted and undoes its own work; two at it at once could leave something.
      agent.status === 'CREATING' ? undefined : afterwards(room, forced.promise, FORCED_WAIT_MS),
    );
    finished.resolve(await commit(room, (tx) => recordStop(room, tx, agent, ended, steps)));
  } catch (error) {
    finished.reject(error);
    throw error;
  } finally {
    room.stops.delete(agent.id);
    const last: LiveSandbox | undefined = room.sandboxes.get(agent.id);
    last?.end('stopped');
    closeSandbox(room, last);
  }
}

function afterwards(room: Room, event: Promise<void>, delayMs: number): Promise<void> {
  return event.then(() => new Promise((resolve) => void room.clock.after(delayMs, resolve)));
}

interface Ended {
  containerId: string | null;
  evidence: RemovalEvidence | null;
  error: AppError | null;
}

/** TERM, grace, KILL, then everything is taken away and looked at again. A stop that hangs does not keep from the removal. */
async function endSandbox(
  room: Room,
  agentId: string,
  graceMs: number,
  forced: Promise<void>,
): Promise<Ended> {
  const agent = requireFound(await room.store.agent(agentId), agentId);
  const { containerId } = agent;
  if (containerId === null) return { containerId, evidence: null, error: null };
  const deadlineMs = room.environment.AIRLOCK_STOP_TIMEOUT;
  try {
    const driver = requireDriver(room, agent.sandboxType);
    const handle = driver.newHandle(containerId);
    const halt = (withinMs: number) =>
      withDeadline(
        room.clock,
        withinMs + deadlineMs,
        `stopping agent ${agent.name}`,
        driver.stop(handle, { graceMs: withinMs }),
      );
    try {
      await room.queue.urgent(() =>
        graceMs === 0 ? halt(0) : Promise.race([halt(graceMs), forced.then(() => halt(0))]),
      );
    } catch (error) {
      const { code, message } = toAppError(error);
      room.log.warn({ agentId, code, message }, 'stopping failed; removing by force');
    }
    const live = room.sandboxes.get(agentId);
    live?.end('stopped');
    return { containerId, evidence: await removeSandbox(room, driver, handle), error: null };
  } catch (error) {
    return { containerId, evidence: null, error: toAppError(error) };
  }
}

async function recordStop(
  room: Room,
  tx: StoreTransaction,
  agent: AgentInstance,
  { containerId, evidence, error }: Ended,
  steps: Steps,
): Promise<StepOutcome> {
  const stoppedAt = room.clock.now();
  const outcome: StepOutcome =
    error === null
      ? { ok: true, result: { evidence: { containerId, removal: evidence } } }
      : failed(error, 'FAILED', { evidence: { containerId, removal: null } });
  await moveAgent(tx, agent.id, {
    to: error === null ? 'STOPPED' : 'ERROR',
    from: ['STOPPING'],
    reason: error?.message ?? null,
    patch: {
      stoppedAt: agent.stoppedAt ?? stoppedAt,
      // How it ended before (out of memory, lost) stays on record when an agent in ERROR is stopped.
      exitCause: agent.exitCause ?? 'stopped',
      errorMessage: error?.message ?? agent.errorMessage,
      cleaned: error === null,
      warnedAt: null,
    },
  });
  await tx.appendAudit({
    type: error === null ? 'agent.removed' : 'agent.not-removed',
    actionId: null,
    agentId: agent.id,
    actor: 'system',
    data: { containerId, evidence, error: error?.message ?? null },
  });
  await steps.settle(tx, outcome);
  return outcome;
}
