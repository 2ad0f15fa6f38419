import { AppError } from '../../errors.ts';
import { spawnStreaming } from '../../lib/spawn.ts';
import type { ExecOutcome, ExecRequest, OutputSink, SandboxHandle } from '../sandbox.ts';
import { measureQuietly, stateAfter } from './exec-after.ts';
import { classifyEnd, hintsOf, notStartedError, parseWaitStatus } from './exec-classify.ts';
import { createExecClock } from './exec-clock.ts';
import type { ContainerExecs, EndReason, LiveExec } from './exec-container.ts';
import type { ExecDeps } from './exec-deps.ts';
import { createExecOutput } from './exec-output.ts';
import { execFiles, readTextIfThere, removeExecFiles, writeExecRecord } from './exec-record.ts';
import { commandProcess, type ExecIdentity } from './exec-request.ts';
import { waitForPid } from './exec-started.ts';
import { sweepQuietly, type SweepResult } from './exec-sweep.ts';
import { readLogMessage } from './runsc-cli.ts';

export interface ExecCallContext {
  handle: SandboxHandle;
  request: ExecRequest;
  sink: OutputSink;
  signal: AbortSignal;
  identity: ExecIdentity;
  container: ContainerExecs;
}

/** What runsc says when the sandbox does not answer. */
const LOST_PATTERN = /\bEOF\b|connection (refused|reset)|broken pipe/i;
/** After a sweep the client has nothing to wait for; one that stays is cut off. */
const CLIENT_GRACE_MS = 5000;

interface RunState {
  /** Set when Airlock ends the command; the first reason stays. */
  endedBy: EndReason | null;
  /** The client has ended: nothing ends the command any more. */
  over: boolean;
  sweeping: Promise<SweepResult> | null;
  startTimedOut: boolean;
}

/** An exec takes 30 ms, 50 at once on two cores a second or two; a sandbox that is slower is hung. */
const START_TIMEOUT_MS = 30_000;

/** One command from its record to its outcome. Throws AppError only when it was never started. */
export async function runExec(deps: ExecDeps, call: ExecCallContext): Promise<ExecOutcome> {
  const { handle, request, container, signal } = call;
  const { clock } = deps;
  const process = commandProcess(request, call.identity);
  const files = execFiles(container.executions, request.execId);
  const settled = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<number | null>();
  const spawnedAt = clock.monotonic();
  const state: RunState = { endedBy: null, over: false, sweeping: null, startTimedOut: false };
  let killClient: () => void = () => undefined;

  const live: LiveExec = {
    execId: request.execId,
    startedAt: clock.now(),
    pid: null,
    overlapped: false,
    clock: createExecClock(clock, request.timeoutMs, () => live.requestEnd('timed-out')),
    requestEnd(reason) {
      if (state.over) return;
      state.endedBy ??= reason;
      if (reason === 'stopped') stopped.resolve();
      else state.sweeping ??= endTree();
    },
    abandon: () => killClient(),
    settled: settled.promise,
  };

  /** Waits until the sandbox can run a helper, then ends the tree. */
  async function endTree(): Promise<SweepResult> {
    await gate.promise;
    const called = await Promise.race([
      container.whenRunning().then(() => true),
      stopped.promise.then(() => false),
    ]);
    if (!called) return { evidence: null, error: null };
    const result = await sweepNow();
    const timer = clock.after(CLIENT_GRACE_MS, killClient);
    void settled.promise.then(() => timer[Symbol.dispose]());
    return result;
  }
  async function sweepNow(): Promise<SweepResult> {
    return await sweepQuietly(deps, handle, container, {
      pid: live.pid,
      ageMs: () => clock.monotonic() - spawnedAt,
      overlapped: live.overlapped,
    });
  }

  let startTimer: Disposable = { [Symbol.dispose]: () => undefined };
  const onStartTimeout = () => {
    // A pause that came in between holds the start up as well.
    if (container.paused) startTimer = clock.after(START_TIMEOUT_MS, onStartTimeout);
    else {
      state.startTimedOut = true;
      killClient();
    }
  };
  const onAbort = () => live.requestEnd('cancelled');
  container.add(live);
  try {
    writeExecRecord(
      files,
      { execId: request.execId, spawnedAt: live.startedAt },
      deps.client.processJson(process),
    );
    if (signal.aborted) throw new AppError('CANCELLED', 'command was cancelled before it started');
    const output = createExecOutput(request, call.sink, gate.promise);
    const client = await spawnStreaming({
      file: deps.client.capabilities.binary,
      args: [
        // Without --debug it says little, the wait status among it.
        ...(deps.client.capabilities.flags.has('debug-log') ? [`--debug-log=${files.debugLog}`] : []),
        ...deps.client.execArgs(handle.containerId, {
          processFile: files.process,
          internalPidFile: files.pid,
          logFile: files.log,
        }),
      ],
      ...(request.stdin === undefined ? {} : { stdin: request.stdin }),
      pipes: container.pipes,
      clock,
      onOutput: async (stream, chunk) => output.write(stream, chunk),
    });
    killClient = () => client.kill('SIGKILL');
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();

    startTimer = clock.after(START_TIMEOUT_MS, onStartTimeout);
    live.pid = await waitForPid(files, client.exited, clock);
    if (live.pid !== null) {
      live.startedAt = clock.now();
      live.clock.start();
      call.sink.started?.();
    }
    gate.resolve(live.pid);
    startTimer[Symbol.dispose]();
    await client.exited;
    live.clock.stop();
    state.over = true;
    const durationMs = live.clock.elapsedMs();
    const swept = await state.sweeping;
    const end = await client.ended;

    const waitStatus = parseWaitStatus(readTextIfThere(files.debugLog) ?? '');
    const said = live.pid === null ? ((await readLogMessage(files.log)) ?? output.saidBeforeStart()) : '';
    const unheard =
      waitStatus === null && state.endedBy === null && (live.pid !== null || LOST_PATTERN.test(said));
    const sandbox = await stateAfter(deps, handle, unheard);
    if (state.startTimedOut) {
      // It may still start once the sandbox answers again.
      if (sandbox.alive) await sweepNow();
      throw new AppError(
        'RUNTIME_TIMEOUT',
        `command was not started: the sandbox did not answer within ${START_TIMEOUT_MS / 1000} s`,
        {
          hint: 'stop the agent by force if this happens again',
        },
      );
    }
    if (live.pid === null && state.endedBy === null) {
      // The command runs although its pid could not be written: a full disk on the host.
      if (/pid file/.test(said) && sandbox.alive) await sweepNow();
      throw end.notStarted === null
        ? notStartedError(said, { ...process.description, cwd: process.cwd, sandbox })
        : new AppError('RUNTIME_FAILED', `runsc could not be started: ${end.notStarted.message}`);
    }
    const seen = classifyEnd({ clientExitCode: end.exitCode, waitStatus, endedBy: state.endedBy, sandbox });
    // The client is gone, its command perhaps not.
    const result = seen.cause === 'unknown' ? await sweepNow() : swept;
    const othersKilled = (result?.evidence?.unattributable.length ?? 0) > 0;
    const measured =
      seen.exitCode === 0 || !sandbox.alive || container.paused
        ? null
        : await measureQuietly(deps, handle, result?.evidence ?? null);
    const stdout = output.stdout.kept();
    const stderr = output.stderr.kept();
    return {
      ...seen,
      hints: hintsOf(measured, othersKilled),
      stdout,
      stderr,
      truncated: output.stdout.truncated || output.stderr.truncated,
      durationMs,
      evidence: {
        pid: live.pid,
        clientExitCode: end.exitCode,
        clientSignal: end.signal,
        waitStatus,
        sandbox,
        ...(measured === null ? {} : { measured }),
        ...(end.heldOpen ? { outputHeldOpen: true } : {}),
        ...(end.streamError === null ? {} : { streamError: end.streamError.message }),
        ...(result === null ? {} : { sweep: result.evidence, sweepError: result.error }),
      },
    };
  } finally {
    state.over = true;
    startTimer[Symbol.dispose]();
    live.clock.stop();
    signal.removeEventListener('abort', onAbort);
    gate.resolve(live.pid);
    removeExecFiles(files);
    container.remove(live);
    settled.resolve();
  }
}
