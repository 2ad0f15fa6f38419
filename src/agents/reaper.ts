import { formatDuration } from '../lib/format.ts';
import type { AgentInstance } from '../model/agent.ts';
import { comingStop } from './lifetimes.ts';
import { removeOldOutputs } from './output-files.ts';
import { reconcileAgent } from './reconcile.ts';
import { cleanUp } from './removal.ts';
import { isBusy, type Room } from './room.ts';
import { stopAgent } from './stop.ts';
import { NO_STEPS } from './steps.ts';

/** How late a stop or a warning may be. */
const TICK_MS = 5000;
/** Clean-up is tried again after this, doubling up to the longest. */
const FIRST_RETRY_MS = 5000;
const LONGEST_RETRY_MS = 5 * 60_000;
const OUTPUTS_KEPT_MS = 30 * 24 * 3_600_000;
const OUTPUTS_SWEPT_EVERY_MS = 3_600_000;

export interface Reaper {
  start(): void;
  /** Resolves when the tick under way has ended. */
  stop(): Promise<void>;
  /** One look at all agents; `start` makes it regular. */
  tick(): Promise<void>;
}

/** Ends what is due, announces what comes, and tries again what could not be cleaned up or judged. */
export function createReaper(room: Room): Reaper {
  const retries = new Map<string, { tries: number; at: number }>();
  let timer: Disposable | null = null;
  let stopped = false;
  let ticking: Promise<void> = Promise.resolve();
  let outputsSweptAt = Number.NEGATIVE_INFINITY;

  async function tick(): Promise<void> {
    const agents = await agentsToMind(room);
    await Promise.all(agents.map((agent) => guarded(agent.id, () => mind(agent))));
    const minded = new Set(agents.map((agent) => agent.id));
    for (const id of retries.keys()) if (!minded.has(id)) retries.delete(id);
    if (room.clock.now() - outputsSweptAt < OUTPUTS_SWEPT_EVERY_MS) return;
    outputsSweptAt = room.clock.now();
    await guarded(null, () => removeOldOutputs(room.dataDir, room.clock.now() - OUTPUTS_KEPT_MS));
  }

  /** One agent's trouble must not keep the others from their turn. */
  async function guarded(agentId: string | null, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      room.log.error({ agentId, error: String(error) }, 'the reaper failed');
    }
  }

  async function mind(agent: AgentInstance): Promise<void> {
    if (room.stops.has(agent.id)) return;
    if (agent.status === 'RUNNING' || agent.status === 'PAUSED') {
      if (room.quarantined.has(agent.id)) await withBackoff(agent, () => judgeAgain(agent));
      await mindLifetime(agent);
    } else if (agent.status === 'STOPPING') {
      // A stop whose end could not be recorded, or that belonged to an earlier process.
      await withBackoff(agent, async () => {
        await stopAgent(room, agent.id, { force: true, reason: 'finishing a stop' }, NO_STEPS);
        return true;
      });
    } else if (agent.status === 'CREATING' && !room.creates.has(agent.id)) {
      // A create whose end could not be recorded.
      await withBackoff(agent, () => judgeAgain(agent));
    } else if ((agent.status === 'ERROR' || agent.status === 'STOPPED') && !agent.cleaned) {
      await withBackoff(agent, () => cleanUp(room, agent.id));
    }
  }

  async function judgeAgain(agent: AgentInstance): Promise<boolean> {
    return (await reconcileAgent(room, agent)) !== 'quarantined';
  }

  async function withBackoff(agent: AgentInstance, work: () => Promise<boolean>): Promise<void> {
    const retry = retries.get(agent.id) ?? { tries: 0, at: 0 };
    if (room.clock.now() < retry.at) return;
    const tries = retry.tries + 1;
    const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (tries - 1));
    retries.set(agent.id, { tries, at: room.clock.now() + delayMs });
    if (await work()) retries.delete(agent.id);
  }

  async function mindLifetime(agent: AgentInstance): Promise<void> {
    const now = room.clock.now();
    const coming = comingStop(agent, room.environment.AIRLOCK_IDLE_STOP, isBusy(room, agent.id));
    if (now < coming.warnAt) return;
    if (agent.warnedAt === null) {
      const announced = await announce(agent, coming.reason, now);
      // An idle stop never comes unannounced; a time-to-live that passed meanwhile does not wait.
      if (coming.reason === 'idle' || !announced) return;
    }
    if (now < coming.stopsAt) return;
    const reason =
      coming.reason === 'idle'
        ? `idle for ${formatDuration(room.environment.AIRLOCK_IDLE_STOP)}`
        : 'its time-to-live is over';
    await stopAgent(room, agent.id, { force: false, reason }, NO_STEPS);
  }

  /** False when the agent has changed meanwhile. */
  async function announce(
    agent: AgentInstance,
    reason: 'time-to-live' | 'idle',
    now: number,
  ): Promise<boolean> {
    return await room.store.transaction(async (tx) => {
      const { version } = agent;
      const warned = await tx.updateAgent(agent.id, { from: [agent.status], version }, { warnedAt: now });
      if (warned === null) return false;
      const { stopsAt } = comingStop(warned, room.environment.AIRLOCK_IDLE_STOP, reason === 'time-to-live');
      await tx.appendEvent({ type: 'agent.warning', agentId: agent.id, reason, stopsAt });
      return true;
    });
  }

  function arm(): void {
    timer = room.clock.after(TICK_MS, () => {
      ticking = guarded(null, tick).then(() => {
        if (!stopped) arm();
      });
    });
  }

  return {
    start: arm,
    tick,
    async stop() {
      stopped = true;
      timer?.[Symbol.dispose]();
      await ticking;
    },
  };
}

/** Live agents of this node, and ended ones that are not clean yet. */
export async function agentsToMind(room: Room): Promise<AgentInstance[]> {
  const limit = Number.MAX_SAFE_INTEGER;
  const live = await room.store.agents({ live: true, limit });
  const ended = await room.store.agents({ statuses: ['STOPPED'], limit: 1000 });
  return [...live, ...ended.filter((agent) => !agent.cleaned)].filter(
    (agent) => agent.nodeId === room.nodeId,
  );
}
