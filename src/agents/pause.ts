import { AppError, toAppError } from '../errors.ts';
import type { AgentInstance } from '../model/agent.ts';
import { withDeadline } from './deadline.ts';
import { type LiveSandbox, requireFound, requireOpen, type Room } from './room.ts';
import type { Place } from './runtime-queue.ts';
import { moveAgent, requireStatus } from './states.ts';
import { beginOperation, commit, failed } from './steps.ts';
import type { Steps } from './types.ts';

/** RUNNING -> PAUSED. Running commands stand still with their clocks. One that fails is thawed again. */
export async function pauseAgent(room: Room, agentId: string, steps: Steps): Promise<void> {
  await freezeOrThaw(room, agentId, steps, {
    action: 'pause',
    from: 'RUNNING',
    to: 'PAUSED',
    call: (live) => live.driver.pause(live.handle),
    // A pause that failed half-way must not leave the agent frozen while its record says that it runs.
    undo: (live) => live.driver.resume(live.handle),
  });
}

/** PAUSED -> RUNNING. */
export async function resumeAgent(room: Room, agentId: string, steps: Steps): Promise<void> {
  await freezeOrThaw(room, agentId, steps, {
    action: 'resume',
    from: 'PAUSED',
    to: 'RUNNING',
    call: (live) => live.driver.resume(live.handle),
    undo: (live) => live.driver.pause(live.handle),
  });
}

interface Change {
  action: 'pause' | 'resume';
  from: 'RUNNING' | 'PAUSED';
  to: 'PAUSED' | 'RUNNING';
  call(live: LiveSandbox): Promise<void>;
  undo(live: LiveSandbox): Promise<void>;
}

async function freezeOrThaw(room: Room, agentId: string, steps: Steps, change: Change): Promise<void> {
  await room.lanes.exclusive(agentId, async () => {
    const place = room.queue.place();
    try {
      const begun = await beginOperation(room, steps, {
        async guard(tx) {
          const agent = requireFound(await tx.agent(agentId), agentId);
          requireStatus(change.action, agent);
          requireOpen(room);
          const live = room.sandboxes.get(agentId);
          if (live === undefined || live.handle.containerId !== agent.containerId) {
            throw new AppError(
              'SANDBOX_LOST',
              `the sandbox of agent ${agent.name} is not known to this process`,
            );
          }
          place.take();
          return { agent, live };
        },
      });
      if (begun === null) return;
      const { agent, live } = begun.value;
      const error = await attempt(room, agent, live, place, change);
      await commit(room, async (tx) => {
        const { containerId } = live.handle;
        const patch = { lastUsedAt: room.clock.now() };
        const move = { to: change.to, from: [change.from], containerId, reason: null, patch };
        if (error !== null) return await steps.settle(tx, failed(error));
        const moved = await moveAgent(tx, agentId, move);
        await steps.settle(
          tx,
          moved === null ? failed(overtaken(agent, change), 'CANCELLED') : { ok: true, result: {} },
        );
      });
    } finally {
      place.leave();
    }
  });
}

async function attempt(
  room: Room,
  agent: AgentInstance,
  live: LiveSandbox,
  place: Place,
  change: Change,
): Promise<AppError | null> {
  const deadlineMs = room.environment.AIRLOCK_STOP_TIMEOUT;
  const what = `cannot ${change.action} agent ${agent.name}: the call`;
  try {
    await place.run(() => withDeadline(room.clock, deadlineMs, what, change.call(live), () => void undo()));
    return null;
  } catch (error) {
    if (!live.stopping && live.overCause === null) await undo();
    return toAppError(error);
  }

  async function undo(): Promise<void> {
    if (live.stopping) return;
    try {
      await room.queue.urgent(() => withDeadline(room.clock, deadlineMs, 'the way back', change.undo(live)));
    } catch (error) {
      room.log.warn(
        { agentId: agent.id, error: String(error) },
        `a failed ${change.action} could not be undone`,
      );
    }
  }
}

function overtaken(agent: AgentInstance, change: Change): AppError {
  return new AppError('CANCELLED', `the ${change.action} of agent ${agent.name} was overtaken by its end`);
}
