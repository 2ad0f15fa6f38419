import { availableParallelism } from 'node:os';
import type { Config, PolicyFile } from '../config/schema.ts';
import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { SandboxDriver } from '../sandboxes/sandbox.ts';
import type { Store } from '../store/store.ts';
import { createAgent } from './create.ts';
import { abortCommand, execInAgent, expectExec } from './exec.ts';
import { extendAgent } from './extend.ts';
import { listImages } from './images.ts';
import { sandboxInfo, warnOfMissing } from './info.ts';
import { createLanes } from './lanes.ts';
import { readKeptOutput } from './output-files.ts';
import { pauseAgent, resumeAgent } from './pause.ts';
import { planCreate } from './plan.ts';
import { createReaper } from './reaper.ts';
import { recover } from './recovery.ts';
import { releaseAgent, reserveAgent } from './reserve.ts';
import { closeSandbox, type Images, type Room } from './room.ts';
import { createRuntimeQueue } from './runtime-queue.ts';
import { NO_STEPS } from './steps.ts';
import { stopAgent } from './stop.ts';
import type { AgentManager, RecoveryReport } from './types.ts';

export interface AgentManagerDeps {
  store: Store;
  /** In order of preference. */
  drivers: readonly SandboxDriver[];
  images: Images;
  config: Pick<Config, 'environment' | 'policy'>;
  /** The policy in force after reloads. Default the configuration's. */
  policy?: { current(): PolicyFile };
  clock: Clock;
  log: Logger;
  nodeId: string;
  /** Absolute; kept output goes to `outputs/` in it. */
  dataDir: string;
}

/** Runtime calls at once: at least two, so that one slow call does not stop all. */
const MIN_SLOTS = 2;

/** The agents room. The caller starts it once before use and stops it at the end. */
export function createAgentManager(deps: AgentManagerDeps): AgentManager {
  const { config, clock } = deps;
  const room: Room = {
    store: deps.store,
    drivers: deps.drivers,
    images: deps.images,
    environment: config.environment,
    policy: () => deps.policy?.current() ?? config.policy,
    clock,
    log: deps.log,
    nodeId: deps.nodeId,
    dataDir: deps.dataDir,
    queue: createRuntimeQueue({ slots: Math.max(MIN_SLOTS, availableParallelism()), clock }),
    lanes: createLanes(clock),
    sandboxes: new Map(),
    stops: new Map(),
    commands: new Map(),
    creates: new Set(),
    quarantined: new Set(),
    closing: false,
  };
  const reaper = createReaper(room);
  const underWay = new Set<Promise<void>>();
  let started: Promise<RecoveryReport> | null = null;
  let stopped: Promise<void> | null = null;

  /** `stop` waits for it, so that nothing writes to a closed store. */
  function tracked(work: Promise<void>): Promise<void> {
    underWay.add(work);
    const forget = () => void underWay.delete(work);
    work.then(forget, forget);
    return work;
  }

  async function begin(): Promise<RecoveryReport> {
    const report = await recover(room);
    if (!room.closing) reaper.start();
    await warnOfMissing(room);
    return report;
  }

  async function end(onExit: 'stop' | 'leave'): Promise<void> {
    room.closing = true;
    await Promise.allSettled(started === null ? [] : [started]);
    await reaper.stop();
    for (const command of room.commands.values()) abortCommand(command, 'stopped');
    const ends = await Promise.allSettled((await agentsToStop(onExit)).map(stopForExit));
    // Whoever asked for these hears how they end; here they only must have ended.
    await Promise.allSettled(underWay);
    for (const live of room.sandboxes.values()) closeSandbox(room, live);
    const failures = ends.filter((one) => one.status === 'rejected').map((one): unknown => one.reason);
    if (failures.length === 0) return;
    throw new AppError(
      'INTERNAL',
      `${failures.length} operations failed while the agents were being stopped`,
      {
        cause: new AggregateError(failures),
      },
    );
  }

  /** A create under way is stopped in both ways: nobody would be there to finish it. */
  async function agentsToStop(onExit: 'stop' | 'leave'): Promise<string[]> {
    const statuses =
      onExit === 'stop'
        ? (['CREATING', 'RUNNING', 'PAUSED', 'STOPPING', 'ERROR'] as const)
        : (['CREATING'] as const);
    const agents = await room.store.agents({ statuses, limit: Number.MAX_SAFE_INTEGER });
    return agents
      .filter((agent) => agent.nodeId === room.nodeId && !(agent.status === 'ERROR' && agent.cleaned))
      .map((agent) => agent.id);
  }

  function stopForExit(agentId: string): Promise<void> {
    return stopAgent(room, agentId, { force: false, reason: 'Airlock is stopping' }, NO_STEPS);
  }

  return {
    start: () => (started ??= begin()),
    stop: (onExit) => (stopped ??= end(onExit)),
    plan: (request) => planCreate(room, request),
    reserve: (tx, plan, owner, thread) => reserveAgent(room, tx, plan, owner, thread),
    release: (tx, agentId, reason) => releaseAgent(room, tx, agentId, reason),
    create: (agentId, steps) => tracked(createAgent(room, agentId, steps)),
    exec: (agentId, ask, sink, steps) => tracked(execInAgent(room, agentId, ask, sink, steps)),
    pause: (agentId, steps) => tracked(pauseAgent(room, agentId, steps)),
    resume: (agentId, steps) => tracked(resumeAgent(room, agentId, steps)),
    stopAgent: (agentId, options, steps) => tracked(stopAgent(room, agentId, options, steps)),
    extend: (agentId, timeToLiveMs, steps) => tracked(extendAgent(room, agentId, timeToLiveMs, steps)),
    expectExec: (agentId) => expectExec(room, agentId),
    async cancelExec(actionId) {
      const command = room.commands.get(actionId);
      if (command === undefined) return false;
      abortCommand(command, 'cancelled');
      return true;
    },
    info: () => sandboxInfo(room),
    images: () => listImages(room),
    async usage(agentId) {
      const live = room.sandboxes.get(agentId);
      if (live === undefined || live.creating !== null || live.overCause !== null) return null;
      try {
        return await live.driver.stats(live.handle);
      } catch (error) {
        room.log.debug({ agentId, error: String(error) }, 'usage could not be read');
        return null;
      }
    },
    keptOutput: (actionId) => readKeptOutput(room.dataDir, actionId),
  };
}
