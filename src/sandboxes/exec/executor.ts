import { AppError } from '../../errors.ts';
import type { ExecOutcome, ExecRequest, ExecState, OutputSink, SandboxHandle } from '../sandbox.ts';
import { createContainerExecs, type ContainerExecs } from './container.ts';
import { endClientOf, endForgotten } from './forgotten.ts';
import { listExecRecords, removeExecFiles } from './record.ts';
import type { ExecIdentity } from './request.ts';
import type { ExecDeps } from './deps.ts';
import { runExec } from './run-exec.ts';
import { sweepQuietly } from './sweep.ts';

export interface ExecutorDeps extends ExecDeps {
  /** The container's directory for executions. */
  executionsOf(containerId: string): string;
}

/** Everything a driver does with commands. */
export interface Executor {
  /** As `SandboxDriver.exec`; `identity` is what the sandbox was created for. */
  exec(
    handle: SandboxHandle,
    request: ExecRequest,
    sink: OutputSink,
    signal: AbortSignal,
    identity: ExecIdentity,
  ): Promise<ExecOutcome>;
  /** Running commands, those of a bot that died included. */
  executions(handle: SandboxHandle): Promise<ExecState[]>;
  /** Ends one as a cancel does, from its record alone if need be. An unknown one is success. */
  kill(handle: SandboxHandle, execId: string): Promise<void>;
  /** As `SandboxDriver.expectExec`. */
  expect(containerId: string): void;
  /** Called when the sandbox is there: what its first command needs is made meanwhile. */
  prepare(containerId: string): void;
  /** Called before the sandbox is paused: timeouts stand still, ends that are due wait. */
  pauseClocks(containerId: string): void;
  /** Called after the sandbox was resumed. */
  resumeClocks(containerId: string): void;
  /** Gives up the clients of a sandbox that is gone: some never hear of it. */
  abandonAll(containerId: string): void;
  /**
   * Called before the sandbox is ended: its commands end with `stopped`. Resolves when all have; a client that
   * is still there after `abandonAfterMs` (default 20 s) is cut off.
   */
  endAll(containerId: string, options?: { abandonAfterMs?: number }): Promise<void>;
}

const ABANDON_AFTER_MS = 20_000;
/** What a wall clock may have been set back between two bots. */
const CLOCK_SLACK_MS = 2000;

export function createExecutor(deps: ExecutorDeps): Executor {
  const containers = new Map<string, ContainerExecs>();

  function containerOf(containerId: string): ContainerExecs {
    const known = containers.get(containerId);
    if (known !== undefined) return known;
    const made = createContainerExecs({ ...deps, containerId, executions: deps.executionsOf(containerId) });
    containers.set(containerId, made);
    return made;
  }

  return {
    async exec(handle, request, sink, signal, identity) {
      const container = containerOf(handle.containerId);
      if (container.paused) {
        throw new AppError('WRONG_STATE', 'command was not started: the agent is paused', {
          hint: 'resume the agent first',
        });
      }
      if (container.live.has(request.execId)) {
        throw new AppError('INVALID_INPUT', `execution ${request.execId} is running already`);
      }
      return await runExec(deps, { handle, request, sink, signal, identity, container });
    },

    async executions(handle) {
      const container = containerOf(handle.containerId);
      await endForgotten(container.executions, container.expected.inUse);
      const recorded = await listExecRecords(container.executions);
      return [
        ...[...container.live.values()].map(({ execId, pid, startedAt }) => ({ execId, pid, startedAt })),
        ...recorded
          .filter(({ execId }) => !container.live.has(execId))
          .map(({ execId, pid, spawnedAt }) => ({ execId, pid, startedAt: spawnedAt })),
      ];
    },

    async kill(handle, execId) {
      const container = containerOf(handle.containerId);
      const live = container.live.get(execId);
      if (live !== undefined) {
        live.requestEnd('cancelled');
        await live.settled;
        return;
      }
      const known = await listExecRecords(container.executions);
      const record = known.find((one) => one.execId === execId);
      if (record === undefined) return;
      if ((await deps.sandboxState(handle)).alive) {
        const { evidence, error } = await deps.whileAwake(handle, () =>
          sweepQuietly(deps, handle, container, {
            pid: record.pid,
            ageMs: () => deps.clock.now() - record.spawnedAt + CLOCK_SLACK_MS,
            overlapped: known.length > 1 || container.live.size > 0,
          }),
        );
        const complete = evidence !== null && evidence.left.length === 0;
        if (!complete && (await deps.sandboxState(handle)).alive) {
          throw new AppError('RUNTIME_FAILED', `command ${execId} of a former run could not be ended`, {
            context: { evidence, error },
          });
        }
        deps.log.info(
          { containerId: handle.containerId, execId, evidence },
          'ended a command of a former run',
        );
      }
      await endClientOf(record.files);
      removeExecFiles(record.files);
    },

    expect(containerId) {
      const container = containerOf(containerId);
      if (!container.paused) container.expected.start();
    },
    prepare: (containerId) => containerOf(containerId).pipes.prepare(),

    pauseClocks: (containerId) => containerOf(containerId).setPaused(true),
    resumeClocks: (containerId) => containerOf(containerId).setPaused(false),

    abandonAll(containerId) {
      for (const exec of containers.get(containerId)?.live.values() ?? []) exec.abandon();
    },

    async endAll(containerId, options = {}) {
      const container = containers.get(containerId);
      if (container === undefined) return;
      const discarded = container.expected.discard();
      const running = [...container.live.values()];
      for (const exec of running) exec.requestEnd('stopped');
      using _timer = deps.clock.after(options.abandonAfterMs ?? ABANDON_AFTER_MS, () => {
        for (const exec of running) exec.abandon();
      });
      await Promise.all([discarded, ...running.map((exec) => exec.settled)]);
      if (container.live.size > 0) return;
      containers.delete(containerId);
      await container.pipes.close();
    },
  };
}
