import { AppError, toAppError } from '../errors.ts';
import type { AgentInstance } from '../model/agent.ts';
import type { SandboxDriver, SandboxHandle } from '../sandboxes/sandbox.ts';
import { withDeadline } from './deadline.ts';
import { agentsToMind } from './reaper.ts';
import { type Finding, reconcileAgent } from './reconcile.ts';
import { removeSandbox } from './removal.ts';
import type { Room } from './room.ts';
import { commit, NO_STEPS } from './steps.ts';
import { stopAgent } from './stop.ts';
import type { RecoveryReport } from './types.ts';

const LIST_WITHIN_MS = 30_000;

/**
 * Brings records and the world together after a start. It assumes:
 * 1. this process alone works on this node's agents (the data directory is locked);
 * 2. every container id was written down before the runtime heard of it, so an id without a record is a leftover of ours;
 * 3. `driver.list` names only what this installation owns; what belongs to another node is not touched.
 */
export async function recover(room: Room): Promise<RecoveryReport> {
  const agents = await agentsToMind(room);
  const findings = await Promise.all(
    agents.map(async (agent) => ({ agent, finding: await reconcileAgent(room, agent) })),
  );
  const leftovers = await Promise.all(room.drivers.map((driver) => removeUnowned(room, driver)));
  const ids = (wanted: Finding) =>
    findings.filter(({ finding }) => finding === wanted).map(({ agent }) => agent.id);
  const report: RecoveryReport = {
    adopted: ids('adopted'),
    lost: ids('lost'),
    removed: leftovers.flatMap(({ removed }) => removed),
    quarantined: [...ids('quarantined'), ...leftovers.flatMap(({ quarantined }) => quarantined)],
  };
  await writeReport(room, report, agents);
  await stopExpired(room);
  return report;
}

/** Sandboxes of this node that no agent's present incarnation is. */
async function removeUnowned(
  room: Room,
  driver: SandboxDriver,
): Promise<{ removed: string[]; quarantined: string[] }> {
  const found: { removed: string[]; quarantined: string[] } = { removed: [], quarantined: [] };
  let handles: SandboxHandle[];
  try {
    handles = await withDeadline(
      room.clock,
      LIST_WITHIN_MS,
      `listing ${driver.type} sandboxes`,
      driver.list(),
    );
  } catch (error) {
    const { code, message } = toAppError(error);
    room.log.warn(
      { type: driver.type, code, message },
      'cannot list sandboxes: leftovers stay until the next start',
    );
    return found;
  }
  const owned = new Set((await agentsToMind(room)).map((agent) => agent.containerId));
  const unowned = handles.filter((handle) => handle.nodeId === room.nodeId && !owned.has(handle.containerId));
  await Promise.all(
    unowned.map(async (handle) => {
      try {
        await removeSandbox(room, driver, handle);
        found.removed.push(handle.containerId);
      } catch (error) {
        room.log.warn(
          { containerId: handle.containerId, error: String(error) },
          'a leftover could not be removed',
        );
        found.quarantined.push(handle.containerId);
      }
    }),
  );
  return found;
}

async function writeReport(
  room: Room,
  report: RecoveryReport,
  agents: readonly AgentInstance[],
): Promise<void> {
  const { adopted, lost, removed, quarantined } = report;
  if (adopted.length + lost.length + removed.length + quarantined.length === 0) return;
  const nameOf = (id: string) => agents.find((agent) => agent.id === id)?.name ?? id;
  await commit(room, async (tx) => {
    await tx.appendAudit({
      type: 'recovery',
      actionId: null,
      agentId: null,
      actor: 'system',
      data: { adopted, lost, removed, quarantined },
    });
    if (lost.length + quarantined.length === 0) return;
    const sentences = [
      ...(lost.length === 0 ? [] : [`Lost while Airlock was away: ${lost.map(nameOf).join(', ')}.`]),
      ...(quarantined.length === 0 ? [] : [`Cannot be judged yet: ${quarantined.map(nameOf).join(', ')}.`]),
    ];
    await tx.appendEvent({
      type: 'team.notice',
      title: 'Recovery after a restart',
      text: sentences.join(' '),
      tone: 'warning',
    });
  });
}

/** No channel opens before agents past their time are stopped; one that cannot be is left to the reaper. */
async function stopExpired(room: Room): Promise<void> {
  const now = room.clock.now();
  const running = await room.store.agents({
    statuses: ['RUNNING', 'PAUSED'],
    limit: Number.MAX_SAFE_INTEGER,
  });
  const expired = running.filter((agent) => agent.nodeId === room.nodeId && agent.expiresAt <= now);
  const reason = 'its time-to-live ended while Airlock was away';
  const ends = await Promise.allSettled(
    expired.map((agent) => stopAgent(room, agent.id, { force: false, reason }, NO_STEPS)),
  );
  const failures = ends.filter((end) => end.status === 'rejected').map((end): unknown => end.reason);
  if (failures.length > 0) {
    throw new AppError('INTERNAL', `${failures.length} expired agents could not be stopped`, {
      cause: new AggregateError(failures),
    });
  }
}
