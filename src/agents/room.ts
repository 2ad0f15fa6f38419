import type { Config, PolicyFile } from '../config/schema.ts';
import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { AgentInstance } from '../model/agent.ts';
import type { EndCause } from '../model/ends.ts';
import type { SandboxDriver, SandboxHandle, SandboxImage } from '../sandboxes/sandbox.ts';
import type { Store } from '../store/store.ts';
import type { Lanes } from './lanes.ts';
import type { RuntimeQueue } from './runtime-queue.ts';
import type { StepOutcome } from './types.ts';

/** What the agents room needs of the image store. */
export interface Images {
  /** By name; the default one without. Throws IMAGE_NOT_FOUND. */
  resolve(name?: string): Promise<SandboxImage>;
  byDigest(digest: string): Promise<SandboxImage>;
  /** It has a root file system of that name, or is meant to. */
  knows(name: string): boolean;
  list(): Promise<readonly { name: string }[]>;
}

/** What the files of this folder share: what was given to the manager, and what lives in memory only. */
export interface Room {
  readonly store: Store;
  readonly drivers: readonly SandboxDriver[];
  readonly images: Images;
  readonly environment: Config['environment'];
  /** Read at each use: a reload takes effect at once. */
  policy(): PolicyFile;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeId: string;
  readonly dataDir: string;
  readonly queue: RuntimeQueue;
  readonly lanes: Lanes;
  /** By agent id: what this process knows of a sandbox beyond its record. */
  readonly sandboxes: Map<string, LiveSandbox>;
  readonly stops: Map<string, StopUnderWay>;
  /** By action id: commands that run or wait for their turn. */
  readonly commands: Map<string, RunningCommand>;
  /** Agents whose create this process is at work on. */
  readonly creates: Set<string>;
  /** Agents whose record may not say what is there; the reaper looks again. */
  readonly quarantined: Set<string>;
  /** `stop` was called: nothing new begins. */
  closing: boolean;
}

/** One incarnation of an agent's sandbox, from before its create to its end. */
export interface LiveSandbox {
  readonly agentId: string;
  readonly handle: SandboxHandle;
  readonly driver: SandboxDriver;
  /** Present while it is being created; aborting it cancels the create. */
  creating: AbortController | null;
  watch: Disposable | null;
  /** A stop has begun: what ends now was stopped. */
  stopping: boolean;
  /** Resolves with the cause when the sandbox has ended, whoever noticed. */
  readonly over: Promise<EndCause>;
  /** Null while it lives. */
  overCause: EndCause | null;
  end(cause: EndCause): void;
}

/** One stop of one agent; who comes later joins it. */
export interface StopUnderWay {
  /** Makes a graceful one a forced one. */
  force(): void;
  /** Resolves when its end is on record. */
  finished: Promise<StepOutcome>;
}

export interface RunningCommand {
  readonly agentId: string;
  abort: AbortController;
  /** Why it was aborted: a person's cancel, or the manager's own stop. */
  why: 'cancelled' | 'stopped' | null;
}

/** Registers an incarnation; the one before it, if any, is no longer listened to. */
export function openSandbox(
  room: Room,
  agentId: string,
  driver: SandboxDriver,
  handle: SandboxHandle,
): LiveSandbox {
  closeSandbox(room, room.sandboxes.get(agentId));
  const over = Promise.withResolvers<EndCause>();
  const live: LiveSandbox = {
    agentId,
    handle,
    driver,
    creating: null,
    watch: null,
    stopping: false,
    over: over.promise,
    overCause: null,
    end(cause) {
      live.overCause ??= cause;
      over.resolve(live.overCause);
    },
  };
  room.sandboxes.set(agentId, live);
  return live;
}

/** Ends its watch and forgets it, unless a newer incarnation has taken its place. */
export function closeSandbox(room: Room, live: LiveSandbox | undefined): void {
  if (live === undefined) return;
  live.watch?.[Symbol.dispose]();
  live.watch = null;
  if (room.sandboxes.get(live.agentId) === live) room.sandboxes.delete(live.agentId);
}

/** True while a command of the agent runs or waits for its turn. */
export function isBusy(room: Room, agentId: string): boolean {
  return room.commands.values().some((command) => command.agentId === agentId);
}

/** Throws NO_RUNTIME when this process has no driver of that type. */
export function requireDriver(room: Room, sandboxType: string): SandboxDriver {
  const driver = room.drivers.find((one) => one.type === sandboxType);
  if (driver !== undefined) return driver;
  throw new AppError('NO_RUNTIME', `no driver for sandboxes of type ${sandboxType}`, {
    hint: `Use one of: ${room.drivers.map((one) => one.type).join(', ') || 'none is there; run `npm run airlock -- doctor`'}.`,
  });
}

/** Throws AGENT_NOT_FOUND. */
export function requireFound(agent: AgentInstance | null, agentId: string): AgentInstance {
  if (agent !== null) return agent;
  throw new AppError('AGENT_NOT_FOUND', `there is no agent ${agentId}`, {
    hint: 'list --all shows the ended ones too',
  });
}

/** Throws SHUTTING_DOWN once the manager stops. */
export function requireOpen(room: Room): void {
  if (!room.closing) return;
  throw new AppError('SHUTTING_DOWN', 'Airlock is stopping and begins nothing new', {
    hint: 'Try again when it is back.',
  });
}
