import { toAppError } from '../errors.ts';
import type { RemovalEvidence, SandboxDriver, SandboxHandle } from '../sandboxes/sandbox.ts';
import { withDeadline } from './deadline.ts';
import { requireDriver, type Room } from './room.ts';
import { commit } from './steps.ts';

/** Whoever cleans up waits this long for others at work on the same agent. */
const WAIT_FOR_OTHERS_MS = 5000;

/** Takes the sandbox away and looks again. Throws CLEANUP_FAILED, RUNTIME_TIMEOUT or what the driver throws. */
export async function removeSandbox(
  room: Room,
  driver: SandboxDriver,
  handle: SandboxHandle,
): Promise<RemovalEvidence> {
  return await room.queue.urgent(() =>
    withDeadline(
      room.clock,
      room.environment.AIRLOCK_STOP_TIMEOUT,
      `removing sandbox ${handle.containerId}`,
      driver.remove(handle),
    ),
  );
}

/**
 * Removes what is left of an agent in ERROR or STOPPED and says so in its record. False when it could not; the reaper
 * tries again.
 */
export async function cleanUp(room: Room, agentId: string): Promise<boolean> {
  return await room.lanes.overtaking(agentId, WAIT_FOR_OTHERS_MS, async () => {
    const agent = await room.store.agent(agentId);
    if (agent === null || agent.cleaned) return true;
    if (agent.status !== 'ERROR' && agent.status !== 'STOPPED') return true;
    const { containerId } = agent;
    try {
      const driver = requireDriver(room, agent.sandboxType);
      const evidence =
        containerId === null ? null : await removeSandbox(room, driver, driver.newHandle(containerId));
      await commit(room, async (tx) => {
        const present = await tx.agent(agentId);
        if (present === null || present.containerId !== containerId || present.cleaned) return;
        const { version } = present;
        const marked = await tx.updateAgent(
          agentId,
          { from: ['ERROR', 'STOPPED'], version },
          { cleaned: true },
        );
        if (marked === null) return;
        await tx.appendEvent({ type: 'agent.changed', agentId, what: 'cleaned' });
        await tx.appendAudit({
          type: 'agent.removed',
          actionId: null,
          agentId,
          actor: 'system',
          data: { containerId, evidence },
        });
      });
      return true;
    } catch (error) {
      const { code, message } = toAppError(error);
      room.log.warn({ agentId, containerId, code, message }, 'clean-up failed; it will be tried again');
      return false;
    }
  });
}
