import { AppError, toAppError } from '../errors.ts';
import { newContainerId } from '../lib/ids.ts';
import type { AgentInstance } from '../model/agent.ts';
import type { RemovalEvidence } from '../sandboxes/sandbox.ts';
import { withDeadline } from './deadline.ts';
import { imageOf } from './images.ts';
import { removeSandbox } from './removal.ts';
import {
  closeSandbox,
  type LiveSandbox,
  openSandbox,
  requireDriver,
  requireFound,
  requireOpen,
  type Room,
} from './room.ts';
import type { Place } from './runtime-queue.ts';
import { watchSandbox } from './sandbox-exit.ts';
import { moveAgent, requireStatus } from './states.ts';
import { beginOperation, commit, failed } from './steps.ts';
import type { Steps } from './types.ts';

/** PENDING -> CREATING -> RUNNING, or ERROR with everything undone. A stop cancels it on the way. */
export async function createAgent(room: Room, agentId: string, steps: Steps): Promise<void> {
  await room.lanes.exclusive(agentId, async () => {
    const place = room.queue.place();
    room.creates.add(agentId);
    try {
      const containerId = newContainerId();
      const begun = await beginOperation(room, steps, {
        async guard(tx) {
          const agent = requireFound(await tx.agent(agentId), agentId);
          requireStatus('create', agent);
          requireOpen(room);
          const driver = requireDriver(room, agent.sandboxType);
          place.take();
          return { agent, driver };
        },
        async write(tx) {
          // The id is on record before the runtime hears of it: whatever a crash leaves can be found by it.
          await moveAgent(tx, agentId, {
            to: 'CREATING',
            reason: null,
            patch: { containerId, cleaned: false },
          });
        },
        async refuse(tx, error) {
          const patch = { stoppedAt: room.clock.now(), errorMessage: error.message };
          await moveAgent(tx, agentId, { to: 'STOPPED', from: ['PENDING'], reason: error.message, patch });
        },
      });
      if (begun === null) return;
      const { agent, driver } = begun.value;
      const live = openSandbox(room, agentId, driver, driver.newHandle(containerId));
      await attempt(room, agent, live, place, steps);
    } finally {
      place.leave();
      room.creates.delete(agentId);
    }
  });
}

async function attempt(
  room: Room,
  agent: AgentInstance,
  live: LiveSandbox,
  place: Place,
  steps: Steps,
): Promise<void> {
  const creating = new AbortController();
  live.creating = creating;
  // A stop may have begun between the transaction and here.
  if (room.stops.has(agent.id)) {
    live.stopping = true;
    creating.abort(stoppedWhileCreating(agent));
  }
  try {
    const warnings = await make(room, agent, live, place, creating);
    const recorded = recordRunning(room, agent, live, warnings, steps);
    watchSandbox(room, live, recorded);
    await recorded;
  } catch (error) {
    const cause = creating.signal.reason instanceof AppError ? creating.signal.reason : toAppError(error);
    await recordFailure(room, agent, live, cause, steps);
  } finally {
    live.creating = null;
  }
}

/** Calls the driver, within the create deadline. What comes too late is removed again. */
async function make(
  room: Room,
  agent: AgentInstance,
  live: LiveSandbox,
  place: Place,
  creating: AbortController,
): Promise<readonly string[]> {
  const deadlineMs = room.environment.AIRLOCK_CREATE_TIMEOUT;
  const image = await imageOf(room, live.driver, agent);
  const identity = { agentId: agent.id, name: agent.name, environment: {} };
  const spec = { image, limits: agent.limits, identity };
  return await place.run(async () => {
    creating.signal.throwIfAborted();
    using _deadline = room.clock.after(deadlineMs, () => {
      creating.abort(
        new AppError(
          'RUNTIME_TIMEOUT',
          `creating agent ${agent.name} did not end within ${deadlineMs / 1000} s`,
          {
            hint: 'Try again when the host is less busy, or raise AIRLOCK_CREATE_TIMEOUT.',
          },
        ),
      );
    });
    const { warnings } = await withDeadline(
      room.clock,
      // The driver undoes what it made once the deadline has struck; one that hangs in that is left to the reaper.
      deadlineMs + room.environment.AIRLOCK_STOP_TIMEOUT,
      `creating agent ${agent.name}`,
      live.driver.create(live.handle, spec, creating.signal),
      () => void removeLate(room, live),
    );
    return warnings;
  });
}

async function removeLate(room: Room, live: LiveSandbox): Promise<void> {
  try {
    await removeSandbox(room, live.driver, live.handle);
  } catch (error) {
    room.log.warn(
      { agentId: live.agentId, error: String(error) },
      'a sandbox made too late could not be removed',
    );
  }
}

async function recordRunning(
  room: Room,
  agent: AgentInstance,
  live: LiveSandbox,
  warnings: readonly string[],
  steps: Steps,
): Promise<void> {
  const now = room.clock.now();
  await commit(room, async (tx) => {
    const moved = await moveAgent(tx, agent.id, {
      to: 'RUNNING',
      from: ['CREATING'],
      containerId: live.handle.containerId,
      reason: null,
      patch: {
        startedAt: now,
        lastUsedAt: now,
        // The wait for an approval does not shorten its life.
        expiresAt: now + (agent.expiresAt - agent.createdAt),
        warnings,
      },
    });
    await steps.settle(
      tx,
      moved === null
        ? failed(stoppedWhileCreating(agent), 'CANCELLED')
        : { ok: true, result: { evidence: { containerId: live.handle.containerId, warnings } } },
    );
  });
}

async function recordFailure(
  room: Room,
  agent: AgentInstance,
  live: LiveSandbox,
  error: AppError,
  steps: Steps,
): Promise<void> {
  const { containerId } = live.handle;
  live.end('unknown');
  // A stop under way removes by itself, and says how that went.
  const removal = live.stopping ? null : await look(room, live);
  await commit(room, async (tx) => {
    const moved = await moveAgent(tx, agent.id, {
      to: 'ERROR',
      from: ['CREATING'],
      containerId,
      reason: error.message,
      patch: {
        stoppedAt: room.clock.now(),
        errorMessage: error.message,
        cleaned: removal !== null && removal.evidence !== null,
      },
    });
    const result = { evidence: { containerId, removal: removal?.evidence ?? null } };
    await steps.settle(
      tx,
      moved === null
        ? failed(stoppedWhileCreating(agent), 'CANCELLED', result)
        : failed(error, 'FAILED', result),
    );
  });
  if (!live.stopping) closeSandbox(room, live);
}

/** The driver has undone its work; this looks again and takes away what is left. */
async function look(room: Room, live: LiveSandbox): Promise<{ evidence: RemovalEvidence | null }> {
  try {
    return { evidence: await removeSandbox(room, live.driver, live.handle) };
  } catch (error) {
    room.log.warn({ agentId: live.agentId, error: String(error) }, 'a failed create left something behind');
    return { evidence: null };
  }
}

export function stoppedWhileCreating(agent: Pick<AgentInstance, 'name'>): AppError {
  return new AppError('CANCELLED', `agent ${agent.name} was stopped while it was being created`);
}
