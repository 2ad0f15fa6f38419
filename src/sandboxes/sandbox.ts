/**
 * The SandboxDriver port. One contract suite (`test/contracts/sandbox-driver.ts`) runs on every driver. Callers and
 * drivers import this file; it imports neither.
 */
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { ResourceLimits } from '../model/agent.ts';
import type { EndCause, EndHint } from '../model/ends.ts';

/** Known and written down before the runtime is called; JSON. */
export interface SandboxHandle {
  /** The driver's type. */
  type: string;
  nodeId: string;
  /** `CONTAINER_ID_PATTERN`; a new one for every attempt. */
  containerId: string;
  /** Whatever the driver wants to find again; opaque to callers. */
  data: Record<string, string>;
}

/** What to make: the shape could come from a pool, the identity cannot. */
export interface SandboxSpec {
  image: SandboxImage | EngineImage;
  limits: ResourceLimits;
  identity: {
    agentId: string;
    name: string;
    /** Added to the environment of every command. Names `[A-Za-z_][A-Za-z0-9_]*`. */
    environment: Record<string, string>;
  };
}

/** A root file system that is ready to be used as a read-only lower layer. */
export interface SandboxImage {
  name: string;
  /** `sha256:` and 64 hex digits. */
  digest: string;
  /** Absolute path; shared by all sandboxes, never written. */
  rootfs: string;
}

/** An image that stays in the container engine behind a driver; only that driver can use it. */
export interface EngineImage {
  /** As the engine lists it: `python:3.12`. */
  name: string;
  /** The engine's own id of it, `sha256:` and 64 hex digits. A tag that moves to another image does not change it. */
  digest: string;
  rootfs: null;
}

/** Images of the engine behind a driver. Nothing is ever pulled. */
export interface DriverImages {
  /** Names as the engine lists them; empty where no sandbox of this type can be made. */
  list(): Promise<readonly string[]>;
  /**
   * By one of those names, or without its `:latest`; another way to write it is not known, so that a rule about a name holds. Null
   * when there is none. Throws INVALID_INPUT for one that sandboxes cannot have.
   */
  find(name: string): Promise<EngineImage | null>;
}

export interface RuntimeInfo {
  type: string;
  available: boolean;
  /** The environment names it, so its absence is a fault of this host and not just a fact. Left out: it does not. */
  configured?: boolean;
  /** What the runtime says of itself; null when it is not there. */
  version: string | null;
  platform: string | null;
  /** Why it is not available, one sentence each; empty when it is. */
  missing: readonly string[];
  /** The command or the step that mends it; empty when nothing is missing. */
  howToGet: readonly string[];
  /** Works, but worth a look (an old release, a limit that is not enforced). */
  warnings: readonly string[];
  /** Why agents get no network of the full kind; left out where they do or nothing is known. */
  networkReason?: string;
  /** Said on every card of an agent with a network, from the one that asks for approval on. */
  networkWarning?: string;
  capabilities: SandboxCapabilities;
}

/** Refusals and contract cases follow these. */
export interface SandboxCapabilities {
  pause: boolean;
  stats: boolean;
  diskLimit: boolean;
  /** `none`: no network can be had; RuntimeInfo.networkReason says why. */
  network: 'none' | 'sandbox' | 'host-in-namespace';
  attach: boolean;
  snapshot: boolean;
  /** Limits that are read back and enforced on this host. */
  enforced: { cpu: boolean; memory: boolean; processes: boolean };
}

export interface ExecRequest {
  /** `[a-z0-9]{16}`; names the execution for `kill` and `executions`. */
  execId: string;
  /** Either an argv or one line for `sh -c`, taken as typed. */
  command: { argv: readonly string[] } | { shell: string };
  /** Nothing by default: the command reads end of file. */
  stdin?: AsyncIterable<Uint8Array>;
  env?: Record<string, string>;
  /** Default `/workspace`. */
  cwd?: string;
  /** Default the commands' user, 65534:65534. */
  user?: { uid: number; gid: number };
  /** Counts from the start of the command inside; stands still while paused. */
  timeoutMs: number;
  /** Kept in the outcome of each stream: first and last half. Default 1 MiB, {@link DEFAULT_MAX_OUTPUT_BYTES}. */
  maxOutputBytes?: number;
}

export const DEFAULT_MAX_OUTPUT_BYTES = 1024 * 1024;

/** Gets all output as it comes, beyond the cap too (whoever keeps it caps it); the promise is back-pressure. Must not throw. */
export interface OutputSink {
  write(stream: 'stdout' | 'stderr', chunk: Uint8Array): Promise<void>;
  /** The command has started inside: the timeout's clock runs from here. */
  started?(): void;
}

export interface KeptOutput {
  /** The first bytes; everything when not truncated. */
  head: Uint8Array;
  /** The last bytes after the gap; empty when not truncated. */
  tail: Uint8Array;
  /** Everything the command wrote, kept or not. */
  totalBytes: number;
}

export interface ExecOutcome {
  /** Null unless the cause is `exited`. */
  exitCode: number | null;
  cause: EndCause;
  /** Set for `signalled`. */
  signal: number | null;
  hints: readonly EndHint[];
  stdout: KeptOutput;
  stderr: KeptOutput;
  truncated: boolean;
  /** From the start inside to the end, pauses left out. */
  durationMs: number;
  /** What was killed and seen gone after a timeout or a cancel; for the audit. */
  evidence: Record<string, unknown>;
}

export interface ExecState {
  execId: string;
  /** The pid inside the sandbox; null before it is known. */
  pid: number | null;
  startedAt: number;
}

export type SandboxState =
  | { status: 'running' | 'paused' }
  | { status: 'exited'; code: number | null; cause: EndCause }
  | { status: 'gone' };

export interface SandboxStats {
  cpuSeconds: number;
  memoryBytes: number;
  processes: number;
  diskBytes: number;
}

/** The end of a sandbox that nobody asked for. */
export interface SandboxExit {
  code: number | null;
  cause: EndCause;
  /** What was seen, for the audit: counters, state, log line. */
  evidence: Record<string, unknown>;
}

/** What `remove` looked at again; every entry is empty when nothing is left. */
export interface RemovalEvidence {
  processes: readonly string[];
  mounts: readonly string[];
  cgroups: readonly string[];
  directories: readonly string[];
  networks: readonly string[];
}

export interface SandboxDriver {
  readonly type: string;
  /** Left out by a driver that takes root file systems only. */
  readonly images?: DriverImages;
  /**
   * Probes the host for real (a throw-away container). Cached, across restarts too while the runtime's binary and the boot are
   * the same; `refresh` probes again. Never throws.
   */
  detect(options?: { refresh?: boolean }): Promise<RuntimeInfo>;
  /** A fresh handle, nothing made yet. */
  newHandle(containerId: string): SandboxHandle;
  /**
   * Makes and starts the sandbox and reads its limits back; returns warnings for every card (limits not in force that the
   * operator allowed by name). Throws AppError and undoes everything when it fails or `signal` aborts.
   */
  create(
    handle: SandboxHandle,
    spec: SandboxSpec,
    signal: AbortSignal,
  ): Promise<{ warnings: readonly string[] }>;
  /**
   * Runs a command; resolves when it and, after a timeout or cancel (`signal`), its tree and younger orphans are
   * gone. Throws AppError only when the command was never started; every end is an outcome.
   */
  exec(
    handle: SandboxHandle,
    request: ExecRequest,
    sink: OutputSink,
    signal: AbortSignal,
  ): Promise<ExecOutcome>;
  /**
   * A command is about to come, perhaps: what can be done before it is known is done meanwhile, and undone when none comes within
   * some seconds. Nothing is run inside by it. Left out by a driver that can do nothing.
   */
  expectExec?(handle: SandboxHandle): void;
  executions(handle: SandboxHandle): Promise<ExecState[]>;
  /** Ends one execution as a cancel does. An unknown one is success. */
  kill(handle: SandboxHandle, execId: string): Promise<void>;
  /** Both are idempotent. */
  pause(handle: SandboxHandle): Promise<void>;
  resume(handle: SandboxHandle): Promise<void>;
  /** TERM to all, `graceMs`, KILL; 0 = KILL at once. Running commands end with `stopped`. Stopping what is stopped is success. */
  stop(handle: SandboxHandle, options: { graceMs: number }): Promise<void>;
  /** Takes container, bundle, mounts, network and cgroup away and looks again. Throws CLEANUP_FAILED with what is left. */
  remove(handle: SandboxHandle): Promise<RemovalEvidence>;
  inspect(handle: SandboxHandle): Promise<SandboxState>;
  /** Everything this installation owns, the half-made and orphaned included. */
  list(): Promise<SandboxHandle[]>;
  stats(handle: SandboxHandle): Promise<SandboxStats>;
  /** Calls `onExit` once when the sandbox ends without `stop` or `remove`, within 2 s. */
  watch(handle: SandboxHandle, onExit: (exit: SandboxExit) => void): Disposable;
}

/** One line a driver in `src/sandboxes/registry.ts`. The order is the order of preference. */
export interface DriverFactory {
  type: string;
  create(context: DriverContext): SandboxDriver;
}

/** What a driver may lean on. */
export interface DriverContext {
  /** Absolute; everything a driver makes lies under it. */
  dataDir: string;
  /** 8 characters; prefixes every host-wide name. */
  installationId: string;
  nodeId: string;
  environment: Readonly<Record<string, string | undefined>>;
  log: Logger;
  clock: Clock;
}
