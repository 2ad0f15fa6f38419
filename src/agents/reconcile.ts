import { toAppError } from '../errors.ts';
import type { AgentInstance } from '../model/agent.ts';
import type { SandboxDriver, SandboxHandle, SandboxState } from '../sandboxes/sandbox.ts';
import { withDeadline } from './deadline.ts';
import { cleanUp } from './removal.ts';
import { openSandbox, requireDriver, type Room } from './room.ts';
import { recordEnd, watchSandbox } from './sandbox-exit.ts';
import { moveAgent } from './states.ts';
import { commit, NO_STEPS } from './steps.ts';
import { stopAgent } from './stop.ts';

/** What was found of one record. `kept`: nothing was to do. */
export type Finding = 'adopted' | 'lost' | 'finished' | 'kept' | 'quarantined';

/** A sandbox answers a look well within this, or it cannot be judged. */
const LOOK_WITHIN_MS = 10_000;

/**
 * Makes one record say what is there. Assumes that no operation of this process is under way on the agent. What cannot be looked at
 * is left alone, quarantined and looked at again by the reaper.
 */
export async function reconcileAgent(room: Room, agent: AgentInstance): Promise<Finding> {
  try {
    const finding = await judge(room, agent);
    room.quarantined.delete(agent.id);
    return finding;
  } catch (error) {
    const { code, message } = toAppError(error);
    room.log.warn({ agentId: agent.id, containerId: agent.containerId, code, message }, 'cannot be judged');
    room.quarantined.add(agent.id);
    return 'quarantined';
  }
}

async function judge(room: Room, agent: AgentInstance): Promise<Finding> {
  switch (agent.status) {
    // Its create has not begun: the orchestrator's action decides.
    case 'PENDING':
      return 'kept';
    case 'CREATING':
      return await endCreate(room, agent);
    case 'RUNNING':
    case 'PAUSED':
      return await adoptOrEnd(room, agent);
    case 'STOPPING':
      await stopAgent(room, agent.id, { force: true, reason: 'finishing a stop' }, NO_STEPS);
      return 'finished';
    case 'STOPPED':
    case 'ERROR':
      return (await cleanUp(room, agent.id)) ? 'finished' : 'kept';
  }
}

/** Whether its limits were read back is not known, so a create that was cut off is undone, running or not. */
async function endCreate(room: Room, agent: AgentInstance): Promise<Finding> {
  const reason = 'Airlock ended while the agent was being created';
  await commit(room, (tx) =>
    moveAgent(tx, agent.id, {
      to: 'ERROR',
      from: ['CREATING'],
      containerId: agent.containerId,
      reason,
      patch: { stoppedAt: room.clock.now(), exitCause: 'unknown', errorMessage: reason, cleaned: false },
    }),
  );
  await cleanUp(room, agent.id);
  return 'lost';
}

async function adoptOrEnd(room: Room, agent: AgentInstance): Promise<Finding> {
  const driver = requireDriver(room, agent.sandboxType);
  const handle = driver.newHandle(agent.containerId ?? '');
  const state = await look(room, driver.inspect(handle));
  if (state.status === 'exited' || state.status === 'gone') {
    const exit =
      state.status === 'gone'
        ? { code: null, cause: 'sandbox-lost' as const, evidence: { found: 'gone' } }
        : { code: state.code, cause: state.cause, evidence: { found: 'exited' } };
    await recordEnd(room, agent.id, handle.containerId, exit);
    await cleanUp(room, agent.id);
    return 'lost';
  }
  await endCommands(room, driver, handle);
  await matchStatus(room, agent, state);
  const live = openSandbox(room, agent.id, driver, handle);
  watchSandbox(room, live, Promise.resolve());
  return 'adopted';
}

/** Commands of an earlier process: nobody reads them any more, and their actions are UNKNOWN. */
async function endCommands(room: Room, driver: SandboxDriver, handle: SandboxHandle): Promise<void> {
  for (const { execId } of await look(room, driver.executions(handle))) {
    await look(room, driver.kill(handle, execId));
  }
}

/** A crash between the runtime's pause or resume and its record leaves them apart; what is seen wins. */
async function matchStatus(room: Room, agent: AgentInstance, state: SandboxState): Promise<void> {
  const seen = state.status === 'paused' ? 'PAUSED' : 'RUNNING';
  if (seen === agent.status) return;
  await commit(room, (tx) =>
    moveAgent(tx, agent.id, {
      to: seen,
      from: [agent.status],
      containerId: agent.containerId,
      reason: 'found so after a restart',
    }),
  );
}

function look<T>(room: Room, work: Promise<T>): Promise<T> {
  return withDeadline(room.clock, LOOK_WITHIN_MS, 'looking at a sandbox', work);
}
