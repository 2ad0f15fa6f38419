import { formatMb } from '../lib/format.ts';
import type { AgentInstance } from '../model/agent.ts';
import type { EndCause } from '../model/ends.ts';
import type { SandboxExit } from '../sandboxes/sandbox.ts';
import { cleanUp } from './removal.ts';
import { closeSandbox, type LiveSandbox, type Room } from './room.ts';
import { moveAgent } from './states.ts';
import { commit } from './steps.ts';

/** Listens for the end of a sandbox that nobody asked for. `ready`: the create has been written down. */
export function watchSandbox(room: Room, live: LiveSandbox, ready: Promise<unknown>): void {
  live.watch = live.driver.watch(live.handle, (exit) => {
    live.end(exit.cause);
    ready
      .then(() => noticeExit(room, live, exit))
      .catch((error: unknown) => {
        room.quarantined.add(live.agentId);
        room.log.error(
          { agentId: live.agentId, error: String(error) },
          'the end of a sandbox could not be recorded',
        );
      });
  });
}

/** RUNNING -> STOPPED when it ended by itself with 0, else ERROR with the cause; then what is left is removed. */
export async function noticeExit(room: Room, live: LiveSandbox, exit: SandboxExit): Promise<void> {
  live.end(exit.cause);
  if (live.stopping) return;
  const { agentId } = live;
  const moved = await recordEnd(room, agentId, live.handle.containerId, exit);
  closeSandbox(room, live);
  if (moved) await cleanUp(room, agentId);
}

/** One transaction: move, event and audit. False when the record is of another incarnation or has ended already. */
export async function recordEnd(
  room: Room,
  agentId: string,
  containerId: string,
  exit: SandboxExit,
): Promise<boolean> {
  const stoppedAt = room.clock.now();
  return await commit(room, async (tx) => {
    const agent = await tx.agent(agentId);
    if (agent === null) return false;
    const byItself = exit.cause === 'exited' && exit.code === 0 && agent.status === 'RUNNING';
    const reason = byItself ? 'ended by itself' : describeEnd(exit.cause, exit.code, agent);
    const moved = await moveAgent(tx, agentId, {
      to: byItself ? 'STOPPED' : 'ERROR',
      from: ['RUNNING', 'PAUSED'],
      containerId,
      reason,
      patch: {
        stoppedAt,
        exitCode: exit.code,
        exitCause: exit.cause,
        errorMessage: byItself ? null : reason,
        cleaned: false,
        warnedAt: null,
      },
    });
    if (moved === null) return false;
    await tx.appendAudit({
      type: 'agent.ended',
      actionId: null,
      agentId,
      actor: 'system',
      data: { containerId, code: exit.code, cause: exit.cause, evidence: exit.evidence },
    });
    return true;
  });
}

/** Why a sandbox is no more, in words. */
export function describeEnd(
  cause: EndCause,
  code: number | null,
  agent: Pick<AgentInstance, 'limits'>,
): string {
  switch (cause) {
    case 'out-of-memory':
      return `out of memory: it needed more than its ${formatMb(agent.limits.memoryMb)}`;
    case 'sandbox-lost':
      return 'the sandbox was killed from outside or crashed';
    case 'exited':
      return `the sandbox ended with exit code ${code ?? 'unknown'}`;
    case 'signalled':
      return 'the sandbox was ended by a signal';
    case 'stopped':
    case 'cancelled':
    case 'timed-out':
    case 'unknown':
      return `the sandbox ended (${cause})`;
  }
}
