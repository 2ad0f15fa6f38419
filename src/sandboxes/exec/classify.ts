import { AppError } from '../../errors.ts';
import type { EndCause, EndHint } from '../../model/ends.ts';

/** What the driver sees of an incarnation right after a command ended. */
export interface SandboxCheck {
  /** The sandbox process with this container's pid and start time runs. */
  alive: boolean;
  /** Somebody asked it to end. */
  stopping: boolean;
  /** The oom counter of its cgroup, when it says that memory was the reason; else null. */
  outOfMemory: Record<string, unknown> | null;
}

/** What was seen of one command's end; nothing here is guessed. */
export interface EndObserved {
  /** The exec client's; null when it was killed. */
  clientExitCode: number | null;
  /** The wait status that runsc itself logged; null when it never had one. */
  waitStatus: number | null;
  /** Airlock ended it, and why; null when it ended without. */
  endedBy: 'timed-out' | 'cancelled' | 'stopped' | null;
  sandbox: SandboxCheck;
}

export interface ExecEnd {
  cause: EndCause;
  exitCode: number | null;
  signal: number | null;
}

/**
 * The exit code of the client cannot tell a program that chose 137 from one killed by signal 9, nor 128 from a lost
 * sandbox; the wait status that runsc writes into its log can. Where that line is missing, a code above 128 is
 * reported as the exit code that it looks like: only a signal that was seen is called one.
 */
export function classifyEnd(seen: EndObserved): ExecEnd {
  if (seen.endedBy !== null) return { cause: seen.endedBy, exitCode: null, signal: null };
  const status = seen.waitStatus ?? statusFromCode(seen.clientExitCode);
  if (status === null) return lost(seen.sandbox, 'unknown');
  const signal = status & 0x7f;
  // Where the limit ends one process only, the counter tells whose doing the KILL was.
  if (signal === SIGKILL && seen.sandbox.outOfMemory !== null) return lost(seen.sandbox, 'out-of-memory');
  if (signal !== 0) return { cause: 'signalled', exitCode: null, signal };
  const exitCode = (status >> 8) & 0xff;
  // A checkpoint ends clients with 0 while the program has not ended: 0 counts only while the incarnation lives.
  if (exitCode === 0 && !seen.sandbox.alive) return lost(seen.sandbox, 'sandbox-lost');
  return { cause: 'exited', exitCode, signal: null };
}

const SIGKILL = 9;
/** 128 is what runsc says when it failed itself. */
const CLIENT_FAILURE = 128;

function statusFromCode(code: number | null): number | null {
  return code === null || code === CLIENT_FAILURE ? null : code << 8;
}

function lost(sandbox: SandboxCheck, otherwise: EndCause): ExecEnd {
  const cause: EndCause = sandbox.stopping
    ? 'stopped'
    : sandbox.outOfMemory !== null
      ? 'out-of-memory'
      : sandbox.alive
        ? otherwise
        : 'sandbox-lost';
  return { cause, exitCode: null, signal: null };
}

/** Of the debug log that runsc writes at level info: `Exiting with status: 35072`. Null when it is not there. */
export function parseWaitStatus(log: string): number | null {
  const digits = /Exiting with status: (\d{1,5})\b/.exec(log)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** What was measured after an end that was no success. */
export interface ExecMeasurement {
  /** Processes of the commands' user, zombies included: they count against the limit. */
  processes: number | null;
  maxProcesses: number;
  disk: { usedBytes: number; totalBytes: number } | null;
}

/** Nine tenths: at the limit itself the command's own end has already freed a slot. */
const NEAR_PROCESS_LIMIT = 0.9;
/** A program that met ENOSPC has often removed its last temporary file. */
const DISK_ALMOST_FULL = 0.95;

export function hintsOf(measured: ExecMeasurement | null, othersKilled: boolean): EndHint[] {
  const hints: EndHint[] = [];
  if (measured !== null) {
    const { processes, maxProcesses, disk } = measured;
    if (processes !== null && processes >= maxProcesses * NEAR_PROCESS_LIMIT)
      hints.push('near-process-limit');
    if (disk !== null && disk.usedBytes >= disk.totalBytes * DISK_ALMOST_FULL) hints.push('disk-almost-full');
  }
  if (othersKilled) hints.push('others-killed');
  return hints;
}

/** The error for a command that never started, from what runsc said; `program` is the first word of its argv. */
export function notStartedError(
  said: string,
  details: { program: string; shell: boolean; cwd: string; sandbox: SandboxCheck },
): AppError {
  const { program, shell, cwd, sandbox } = details;
  const context = { said: said.slice(-500) };
  if (sandbox.stopping)
    return new AppError('WRONG_STATE', 'command was not started: the agent is stopping', { context });
  if (!sandbox.alive) {
    return new AppError('SANDBOX_LOST', 'command was not started: the sandbox is gone', {
      hint: 'stop the agent and create a new one',
      context,
    });
  }
  if (/in state paused|paused/i.test(said)) {
    return new AppError('WRONG_STATE', 'command was not started: the agent is paused', {
      hint: 'resume the agent first',
      context,
    });
  }
  if (said.includes(cwd) && /working directory|chdir/i.test(said)) {
    return new AppError('INVALID_INPUT', `command was not started: no directory ${cwd} in the sandbox`, {
      context,
    });
  }
  // EAGAIN of the clone: the commands' user has as many processes as it may.
  if (/try again|resource temporarily unavailable/i.test(said)) {
    return new AppError('RUNTIME_BUSY', 'command was not started: the agent is at its process limit', {
      hint: 'wait for its processes to end, cancel a running command or stop the agent',
      context,
    });
  }
  if (/argument list too long/i.test(said)) {
    return new AppError('TOO_LONG', 'command was not started: the command line is too long for the sandbox', {
      context,
    });
  }
  if (/executing command|finding executable|no such file|permission denied|exec format/i.test(said)) {
    return shell
      ? new AppError(
          'INVALID_INPUT',
          `command was not started: the image has no working shell (${program})`,
          {
            hint: 'use an image that has /bin/sh, or run a program of the image by its path',
            context,
          },
        )
      : new AppError(
          'INVALID_INPUT',
          `command was not started: ${JSON.stringify(program)} cannot be run in the sandbox`,
          {
            hint: 'check the name of the program and that the image has it',
            context,
          },
        );
  }
  return new AppError('RUNTIME_FAILED', `command was not started: ${lastLine(said)}`, { context });
}

function lastLine(text: string): string {
  const line = text.trim().split('\n').at(-1)?.slice(-300) ?? '';
  return line === '' ? 'the runtime gave no reason' : line;
}
