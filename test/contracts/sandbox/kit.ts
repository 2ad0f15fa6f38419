import { newContainerId, newExecId } from '../../../src/lib/ids.ts';
import type { ResourceLimits } from '../../../src/model/agent.ts';
import type {
  ExecOutcome,
  ExecRequest,
  KeptOutput,
  RuntimeInfo,
  SandboxDriver,
  SandboxHandle,
  SandboxImage,
  SandboxSpec,
} from '../../../src/sandboxes/sandbox.ts';

/** What the suite does to a driver's world from outside. */
export interface SandboxProbes {
  /** Kills the sandbox's own process (sentry, virtual machine monitor) on the host, as an operator's `kill -9` would. */
  killSandbox(handle: SandboxHandle): Promise<void>;
  /**
   * Everything of this installation that is on the host now, one line each: processes (zombies aside), mounts, loop
   * devices, cgroups, network namespaces, per-container directories. What lives between containers is left out.
   */
  leftovers(): Promise<string[]>;
  /** While held, a create fails after it has made something. Without it the suite uses an image that is not there. */
  breakCreate?(): Promise<AsyncDisposable>;
  /** A second driver over the same world, as after a restart of the bot. */
  reopen?: () => SandboxDriver;
}

export interface SandboxDriverSubject {
  driver: SandboxDriver;
  /** Holds busybox (`sh`, `sleep`, `dd`, `ps`, `nc`, …) or the like. */
  image: SandboxImage;
  /** The smallest limits the driver is at ease with; the cases tighten one at a time. */
  newLimits?(): ResourceLimits;
  probes: SandboxProbes;
  /** Set by a driver that only pretends: why isolation cannot be shown. Those cases are skipped with it. */
  simulated?: string;
  /** Why a case, by its name, cannot be shown on this subject; it is skipped with that. */
  notShown?(caseName: string): string | undefined;
  /** The root file system refuses every write, by root too. */
  readOnlyRoot?: boolean;
  teardown(): Promise<void>;
}

export type SandboxDriverSetup = () => Promise<SandboxDriverSubject>;

export interface Ran {
  outcome: ExecOutcome;
  stdout: string;
  stderr: string;
}

/** A command under way. */
export interface Running {
  execId: string;
  /** Resolves when its output so far contains the text; rejects when it ends without. */
  said(text: string): Promise<void>;
  cancel(): void;
  ended: Promise<Ran>;
}

export type ExecOptions = Partial<Omit<ExecRequest, 'execId' | 'command'>>;

/** One sandbox of a case; removed when the case ends. */
export interface TestSandbox extends AsyncDisposable {
  handle: SandboxHandle;
  name: string;
  run(shell: string, options?: ExecOptions): Promise<Ran>;
  start(shell: string, options?: ExecOptions): Running;
  /** What `ps` says inside. */
  processes(): Promise<string>;
}

export interface Kit {
  open(subject: SandboxDriverSubject): Promise<void>;
  close(): Promise<void>;
  readonly subject: SandboxDriverSubject;
  readonly driver: SandboxDriver;
  readonly info: RuntimeInfo;
  spec(limits?: Partial<ResourceLimits>): SandboxSpec;
  sandbox(limits?: Partial<ResourceLimits>): Promise<TestSandbox>;
}

const SMALL_LIMITS: ResourceLimits = {
  cpuCores: 1,
  memoryMb: 256,
  diskMb: 64,
  networkEnabled: false,
  maxProcesses: 50,
};

/** Enough for a command on a busy machine; cases about time give their own. */
const COMMAND_TIMEOUT_MS = 30_000;

export const neverAborted = (): AbortSignal => new AbortController().signal;

export function createKit(): Kit {
  let open: { subject: SandboxDriverSubject; info: RuntimeInfo } | null = null;
  let created = 0;
  const current = () => {
    if (open === null) throw new Error('the suite is not set up: its setup failed');
    return open;
  };
  const spec = (limits: Partial<ResourceLimits> = {}): SandboxSpec => {
    const { subject } = current();
    created += 1;
    return {
      image: subject.image,
      limits: { ...(subject.newLimits?.() ?? SMALL_LIMITS), ...limits },
      identity: {
        agentId: newContainerId(),
        name: `case-${created}`,
        environment: { FROM_IDENTITY: 'identity value' },
      },
    };
  };
  return {
    async open(subject) {
      open = { subject, info: await subject.driver.detect() };
    },
    async close() {
      await open?.subject.teardown();
    },
    get subject() {
      return current().subject;
    },
    get driver() {
      return current().subject.driver;
    },
    get info() {
      return current().info;
    },
    spec,
    async sandbox(limits = {}) {
      const { driver } = current().subject;
      const handle = driver.newHandle(newContainerId());
      const wanted = spec(limits);
      await driver.create(handle, wanted, neverAborted());
      return testSandbox(driver, handle, wanted.identity.name);
    },
  };
}

/** Wraps a sandbox that is there. */
export function testSandbox(driver: SandboxDriver, handle: SandboxHandle, name: string): TestSandbox {
  const start = (shell: string, options: ExecOptions = {}) => startCommand(driver, handle, shell, options);
  const run = (shell: string, options: ExecOptions = {}) => start(shell, options).ended;
  return {
    handle,
    name,
    run,
    start,
    processes: async () => (await run('ps')).stdout,
    async [Symbol.asyncDispose]() {
      await driver.stop(handle, { graceMs: 0 });
      await driver.remove(handle);
    },
  };
}

function startCommand(
  driver: SandboxDriver,
  handle: SandboxHandle,
  shell: string,
  options: ExecOptions,
): Running {
  const execId = newExecId();
  const abort = new AbortController();
  let seen = '';
  let over = false;
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const look of waiting) look();
  };
  const ended = driver
    .exec(
      handle,
      { execId, command: { shell }, timeoutMs: COMMAND_TIMEOUT_MS, ...options },
      {
        async write(_stream, chunk) {
          seen += Buffer.from(chunk).toString('latin1');
          wake();
        },
      },
      abort.signal,
    )
    .then((outcome) => ({ outcome, stdout: text(outcome.stdout), stderr: text(outcome.stderr) }))
    .finally(() => {
      over = true;
      wake();
    });
  // A case that fails before it looks at the end must not also fail the whole run.
  ended.catch(() => undefined);
  return {
    execId,
    ended,
    cancel: () => abort.abort(),
    said: (wanted) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (seen.includes(wanted)) resolve();
          else if (over) reject(new Error(`ended without saying ${JSON.stringify(wanted)}: ${seen}`));
          else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
  };
}

/** Everything kept, the gap left out. */
export function text(kept: KeptOutput): string {
  return Buffer.concat([kept.head, kept.tail]).toString('utf8');
}

/** Lets real time pass where time itself is what the case is about. */
export function letTimePass(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}

/** What a promise rejected with; fails when it did not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}
