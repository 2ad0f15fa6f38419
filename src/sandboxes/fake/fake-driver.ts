/**
 * The working fake: sandboxes in memory with a small shell, for tests only. It is not in the driver registry and never
 * chosen at run time.
 */
import { AppError } from '../../errors.ts';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { CONTAINER_ID_PATTERN } from '../../lib/ids.ts';
import type { RemovalEvidence, SandboxDriver, SandboxHandle } from '../sandbox.ts';
import { execInFake } from './fake-exec.ts';
import { createFakeHost, type FakeHost, type FakeOperation } from './fake-host.ts';
import { type FakeSandbox, SIGKILL, SIGTERM } from './fake-sandbox.ts';

export interface FakeDriverOptions {
  /** The world it works on; a new one by default. Share it to simulate a restart. */
  host?: FakeHost;
  /** Only for a new host. Default the system clock. */
  clock?: Clock;
  /** Default `node-1`. */
  nodeId?: string;
  /** Default `fake`. */
  type?: string;
}

export interface FakeDriver extends SandboxDriver {
  readonly host: FakeHost;
}

const NOTHING_LEFT: RemovalEvidence = {
  processes: [],
  mounts: [],
  cgroups: [],
  directories: [],
  networks: [],
};

/** A driver over a {@link FakeHost}. */
export function createFakeDriver(options: FakeDriverOptions = {}): FakeDriver {
  const host = options.host ?? createFakeHost({ clock: options.clock ?? systemClock });
  const type = options.type ?? 'fake';
  const nodeId = options.nodeId ?? 'node-1';
  const born = host.generation;

  /** Every call goes through here: a dead bot's calls never return, faults strike, and the end is checked again. */
  async function call<T>(
    operation: FakeOperation,
    containerId: string,
    work: () => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    await unlessCrashed();
    host.record(operation, containerId);
    const fault = host.takeFault(operation);
    if (fault?.kind === 'hang') await Promise.race([host.released, ...(signal ? [aborted(signal)] : [])]);
    if (fault?.kind === 'slow') {
      const slow = Promise.withResolvers<void>();
      using _timer = host.clock.after(fault.delayMs, slow.resolve);
      await Promise.race([slow.promise, ...(signal ? [aborted(signal)] : [])]);
    }
    await unlessCrashed();
    if (fault?.kind === 'fail') throw fault.error;
    const working = work();
    if (fault?.kind === 'die') host.kill(containerId);
    try {
      return await working;
    } finally {
      await unlessCrashed();
    }
  }

  function unlessCrashed(): Promise<void> {
    return host.generation === born ? Promise.resolve() : new Promise(() => undefined);
  }

  function running(handle: SandboxHandle, verb: string): FakeSandbox {
    const sandbox = host.sandboxes.get(handle.containerId);
    if (sandbox === undefined || sandbox.status === 'exited' || sandbox.status === 'half-made') {
      throw new AppError('SANDBOX_LOST', `cannot ${verb} in sandbox ${handle.containerId}: it does not run`);
    }
    return sandbox;
  }

  const driver: FakeDriver = {
    type,
    host,
    detect: () =>
      call('detect', '-', async () => ({
        type,
        available: true,
        version: '1.0',
        platform: 'memory',
        missing: [],
        howToGet: [],
        warnings: [],
        capabilities: {
          pause: true,
          stats: true,
          diskLimit: true,
          network: 'none' as const,
          attach: false,
          snapshot: false,
          enforced: { cpu: true, memory: true, processes: true },
        },
        ...host.runtime,
      })),
    newHandle(containerId) {
      if (!CONTAINER_ID_PATTERN.test(containerId)) {
        throw new AppError('INTERNAL', `"${containerId}" is not a whole container id`);
      }
      return { type, nodeId, containerId, data: {} };
    },
    async create(handle, spec, signal) {
      if (signal.aborted) throw cancelledCreate(handle);
      const sandbox = host.make(handle, spec);
      if (sandbox === null) {
        throw new AppError('CREATE_FAILED', `sandbox ${handle.containerId} is there already`);
      }
      try {
        return await call(
          'create',
          handle.containerId,
          async () => {
            await new Promise(setImmediate);
            if (signal.aborted) throw cancelledCreate(handle);
            sandbox.status = 'running';
            return { warnings: [] };
          },
          signal,
        );
      } catch (error) {
        host.sandboxes.delete(handle.containerId);
        throw error;
      }
    },
    exec: (handle, request, sink, signal) =>
      call(
        'exec',
        handle.containerId,
        async () => {
          if (signal.aborted) throw new AppError('CANCELLED', 'the command was cancelled before it started');
          const sandbox = running(handle, 'run a command');
          if (sandbox.status === 'paused') {
            throw new AppError(
              'WRONG_STATE',
              `cannot run a command in sandbox ${handle.containerId}: it is paused`,
            );
          }
          return await execInFake(sandbox, request, sink, signal);
        },
        signal,
      ),
    executions: (handle) =>
      call('executions', handle.containerId, async () => {
        const sandbox = host.sandboxes.get(handle.containerId);
        return [...(sandbox?.executions.values() ?? [])].map(({ execId, root, startedAt }) => ({
          execId,
          pid: root.pid,
          startedAt,
        }));
      }),
    kill: (handle, execId) =>
      call('kill', handle.containerId, async () => {
        host.sandboxes.get(handle.containerId)?.executions.get(execId)?.endAs('cancelled');
        await new Promise(setImmediate);
      }),
    pause: (handle) => call('pause', handle.containerId, async () => running(handle, 'pause').pause()),
    resume: (handle) => call('resume', handle.containerId, async () => running(handle, 'resume').resume()),
    stop: (handle, { graceMs }) =>
      call('stop', handle.containerId, async () => {
        const sandbox = host.sandboxes.get(handle.containerId);
        if (sandbox === undefined || sandbox.status === 'exited') return;
        sandbox.stopping = true;
        sandbox.resume();
        if (graceMs > 0) await sayGoodbye(sandbox, graceMs);
        sandbox.die({ code: 0, cause: 'stopped' });
      }),
    remove: (handle) =>
      call('remove', handle.containerId, async () => {
        const sandbox = host.sandboxes.get(handle.containerId);
        if (sandbox !== undefined) {
          sandbox.stopping = true;
          sandbox.die({ code: 128 + SIGKILL, cause: 'stopped' });
        }
        host.sandboxes.delete(handle.containerId);
        return NOTHING_LEFT;
      }),
    inspect: (handle) =>
      call('inspect', handle.containerId, async () => {
        const sandbox = host.sandboxes.get(handle.containerId);
        if (sandbox === undefined) return { status: 'gone' as const };
        if (sandbox.status === 'running' || sandbox.status === 'paused') return { status: sandbox.status };
        return { status: 'exited' as const, ...(sandbox.exit ?? { code: null, cause: 'unknown' as const }) };
      }),
    list: () =>
      call('list', '-', async () =>
        host.sandboxes
          .values()
          .map((one) => one.handle)
          .toArray(),
      ),
    stats: (handle) =>
      call('stats', handle.containerId, async () => {
        const sandbox = running(handle, 'measure');
        return {
          cpuSeconds: sandbox.cpuSeconds,
          memoryBytes: sandbox.memoryBytes(),
          processes: sandbox.processes.size + 1,
          diskBytes: sandbox.diskBytes(),
        };
      }),
    watch(handle, onExit) {
      const sandbox = host.sandboxes.get(handle.containerId);
      if (sandbox === undefined || host.generation !== born) return { [Symbol.dispose]: () => undefined };
      if (sandbox.exit !== null && !sandbox.stopping) {
        const exit = sandbox.exit;
        queueMicrotask(() => onExit({ ...exit, evidence: { fake: true } }));
      }
      sandbox.watchers.add(onExit);
      return { [Symbol.dispose]: () => void sandbox.watchers.delete(onExit) };
    },
  };
  return driver;
}

/** TERM to all, then waits until the commands are gone or the grace is over. */
async function sayGoodbye(sandbox: FakeSandbox, graceMs: number): Promise<void> {
  const over = Promise.withResolvers<void>();
  using _timer = sandbox.after(graceMs, over.resolve);
  const processes = [...sandbox.processes.values()];
  sandbox.signal(processes, SIGTERM);
  await Promise.race([Promise.all(processes.map((process) => process.end)), over.promise]);
  // Lets the executions see their ends before the sandbox goes.
  await new Promise(setImmediate);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function cancelledCreate(handle: SandboxHandle): AppError {
  return new AppError('CANCELLED', `creating sandbox ${handle.containerId} was cancelled`);
}
