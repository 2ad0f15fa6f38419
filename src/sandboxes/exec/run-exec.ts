import { AppError } from '../../errors.ts';
import type { ExecOutcome, ExecRequest, OutputSink, SandboxHandle } from '../sandbox.ts';
import { measureQuietly, stateAfter } from './after.ts';
import { classifyEnd, hintsOf, notStartedError } from './classify.ts';
import { createExecClock } from './exec-clock.ts';
import type { ContainerExecs, EndReason, LiveExec } from './container.ts';
import type { ExecDeps } from './deps.ts';
import { createExecOutput } from './output.ts';
import { removeExecFiles } from './record.ts';
import { commandProcess, type ExecIdentity } from './request.ts';
import { startClient, type StartedClient } from './start-client.ts';
import { sweepQuietly, type SweepResult } from './sweep.ts';

export interface ExecCallContext {
  handle: SandboxHandle;
  request: ExecRequest;
  sink: OutputSink;
  signal: AbortSignal;
  identity: ExecIdentity;
  container: ContainerExecs;
}

/** What a runtime says when the sandbox does not answer. */
const LOST_PATTERN = /\bEOF\b|connection (refused|reset)|broken pipe|ttrpc: closed|is not running/i;
/** After a sweep the client has nothing to wait for; one that stays is cut off. */
const CLIENT_GRACE_MS = 5000;
const SIGKILL = 9;
/** What a client waits for after the command's end is a daemon that holds its output open. */
const HELD_OPEN_MS = 250;

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
  const settled = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<number | null>();
  const spawnedAt = clock.monotonic();
  const state: RunState = { endedBy: null, over: false, sweeping: null, startTimedOut: false };
  let killClient: () => void = () => undefined;
  let started: StartedClient | null = null;

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
    const output = createExecOutput(request, call.sink, gate.promise);
    started = await startClient(deps, call, process, (name, chunk) => output.write(name, chunk));
    const { stream, client } = started;
    killClient = () => client.kill('SIGKILL');
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();

    startTimer = clock.after(START_TIMEOUT_MS, onStartTimeout);
    live.pid = await stream.waitForPid(client.exited, clock);
    if (live.pid !== null) {
      live.startedAt = clock.now();
      live.clock.start();
      call.sink.started?.();
    }
    gate.resolve(live.pid);
    startTimer[Symbol.dispose]();
    void stream.processEnded?.then(() => {
      const timer = clock.after(HELD_OPEN_MS, killClient);
      void settled.promise.then(() => timer[Symbol.dispose]());
    });
    await client.exited;
    live.clock.stop();
    state.over = true;
    const durationMs = live.clock.elapsedMs();
    const swept = await state.sweeping;
    const end = await client.ended;
    for (const name of ['stdout', 'stderr'] as const) {
      const rest = stream.rest(name);
      if (rest.length > 0) await output.write(name, rest);
    }

    const { exitCode: clientExitCode, waitStatus } = stream.end(end.exitCode);
    const said = live.pid === null ? await stream.notStarted(output.saidBeforeStart()) : '';
    const unheard =
      waitStatus === null && state.endedBy === null && (live.pid !== null || LOST_PATTERN.test(said));
    const seenAfter = await stateAfter(deps, handle, unheard);
    const killed = waitStatus === SIGKILL && state.endedBy === null && seenAfter.alive;
    const outOfMemory =
      seenAfter.outOfMemory ?? (killed ? ((await deps.killedForMemory?.(handle)) ?? null) : null);
    const sandbox = { ...seenAfter, outOfMemory };
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
      const details = { ...process.description, cwd: process.cwd, sandbox };
      // The client is given the command line by this host, which has a limit of its own.
      if (/E2BIG/.test(end.notStarted?.message ?? ''))
        throw notStartedError('argument list too long', details);
      throw end.notStarted === null
        ? notStartedError(said, details)
        : new AppError(
            'RUNTIME_FAILED',
            `the runtime's client could not be started: ${end.notStarted.message}`,
          );
    }
    const seen = classifyEnd({ clientExitCode, waitStatus, endedBy: state.endedBy, sandbox });
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
    if (started !== null) removeExecFiles(started.files);
    container.remove(live);
    settled.resolve();
  }
}
