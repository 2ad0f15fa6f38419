import type { Clock } from '../../lib/clock.ts';
import type { EndCause } from '../../model/ends.ts';
import type { SandboxExit, SandboxHandle, SandboxSpec } from '../sandbox.ts';
import { createFakeProcess, type FakeProcess, type ProcessStart } from './fake-process.ts';

export const SIGKILL = 9;
export const SIGTERM = 15;
const MEBIBYTE = 1024 * 1024;
/** What an idle sandbox seems to use. */
const IDLE_MEMORY_BYTES = 11 * MEBIBYTE;

/** One execution as the fake world keeps it. */
export interface FakeExecution {
  execId: string;
  root: FakeProcess;
  startedAt: number;
  /** Set by `kill` and by whatever else ends it from outside. */
  endAs(cause: EndCause): void;
}

/** One sandbox of the fake world. It outlives the driver that made it, as a detached real one does. */
export interface FakeSandbox {
  readonly handle: SandboxHandle;
  readonly spec: SandboxSpec;
  status: 'half-made' | 'running' | 'paused' | 'exited';
  exit: { code: number | null; cause: EndCause } | null;
  stopping: boolean;
  readonly processes: Map<number, FakeProcess>;
  readonly executions: Map<string, FakeExecution>;
  readonly files: Map<string, Buffer>;
  readonly watchers: Set<(exit: SandboxExit) => void>;
  cpuSeconds: number;
  diskBytes(): number;
  memoryBytes(): number;
  /** Processes of the commands' user; what `maxProcesses` limits. */
  userProcesses(): number;
  spawn(start: Omit<ProcessStart, 'pid' | 'onEnd'>): FakeProcess;
  signal(processes: Iterable<FakeProcess>, signal: number): void;
  /** The process and everything below it. */
  tree(root: FakeProcess): FakeProcess[];
  /** Calls `work` after `delayMs` of the sandbox's own time: it stands still while paused. */
  after(delayMs: number, work: () => void): Disposable;
  /** Milliseconds of the sandbox's own time. */
  time(): number;
  pause(): void;
  resume(): void;
  /** Ends everything inside. Watchers hear of it unless a stop is under way. */
  die(exit: { code: number | null; cause: EndCause }): void;
}

interface Timer {
  dueAt: number;
  work(): void;
  armed: Disposable | null;
}

export function createFakeSandbox(handle: SandboxHandle, spec: SandboxSpec, clock: Clock): FakeSandbox {
  let nextPid = 2;
  let frozenFor = 0;
  let frozenSince: number | null = null;
  const timers = new Set<Timer>();

  const time = () => (frozenSince ?? clock.monotonic()) - frozenFor;
  const arm = (timer: Timer) => {
    timer.armed = clock.after(timer.dueAt - time(), () => {
      timers.delete(timer);
      timer.work();
    });
  };

  const sandbox: FakeSandbox = {
    handle,
    spec,
    status: 'half-made',
    exit: null,
    stopping: false,
    processes: new Map(),
    executions: new Map(),
    files: new Map(),
    watchers: new Set(),
    cpuSeconds: 0,
    diskBytes: () => sandbox.files.values().reduce((sum, file) => sum + file.byteLength, 0),
    memoryBytes: () => IDLE_MEMORY_BYTES + sandbox.processes.size * MEBIBYTE,
    userProcesses: () =>
      sandbox.processes
        .values()
        .filter((one) => one.uid !== 0)
        .toArray().length,
    spawn(start) {
      const process = createFakeProcess({
        ...start,
        pid: nextPid,
        onEnd(ended) {
          sandbox.processes.delete(ended.pid);
          for (const child of sandbox.processes.values()) if (child.parent === ended.pid) child.parent = 1;
        },
      });
      nextPid += 1;
      sandbox.processes.set(process.pid, process);
      return process;
    },
    signal(processes, signal) {
      for (const process of processes) {
        if (signal === SIGTERM && process.trap !== null) {
          if (process.trap === '') continue;
          process.trapped = true;
          process.onTrap?.();
        } else {
          process.finish({ exitCode: null, signal });
        }
      }
    },
    tree(root) {
      const found = [root];
      for (const parent of found) {
        for (const process of sandbox.processes.values()) {
          if (process.parent === parent.pid && !found.includes(process)) found.push(process);
        }
      }
      return found;
    },
    after(delayMs, work) {
      const timer: Timer = { dueAt: time() + delayMs, work, armed: null };
      timers.add(timer);
      if (frozenSince === null) arm(timer);
      return {
        [Symbol.dispose]() {
          timers.delete(timer);
          timer.armed?.[Symbol.dispose]();
        },
      };
    },
    time,
    pause() {
      if (sandbox.status !== 'running') return;
      sandbox.status = 'paused';
      frozenSince = clock.monotonic();
      for (const timer of timers) timer.armed?.[Symbol.dispose]();
    },
    resume() {
      if (sandbox.status !== 'paused' || frozenSince === null) return;
      sandbox.status = 'running';
      frozenFor += clock.monotonic() - frozenSince;
      frozenSince = null;
      for (const timer of timers) arm(timer);
    },
    die(exit) {
      if (sandbox.status === 'exited') return;
      sandbox.status = 'exited';
      sandbox.exit = exit;
      for (const execution of sandbox.executions.values()) execution.endAs(exit.cause);
      sandbox.signal([...sandbox.processes.values()], SIGKILL);
      for (const timer of timers) timer.armed?.[Symbol.dispose]();
      timers.clear();
      if (sandbox.stopping) return;
      for (const tell of sandbox.watchers) tell({ ...exit, evidence: { fake: true } });
    },
  };
  return sandbox;
}
