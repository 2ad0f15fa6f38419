import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { AppError } from '../errors.ts';

/** One call of an outside program. There is no shell; the environment is only what is given. */
export interface RunRequest {
  file: string;
  args: readonly string[];
  /** Default `{ PATH }` of a root login shell. */
  env?: Record<string, string>;
  cwd?: string;
  /** Given to standard input; nothing by default (`/dev/null`). */
  input?: string | Uint8Array;
  /** After this the program gets KILL. Milliseconds. */
  timeoutMs: number;
  /** Kept of standard output and of standard error, each; more ends the program. Default 8 MiB. */
  maxOutputBytes?: number;
  signal?: AbortSignal;
  /**
   * `ignore`: output goes to /dev/null, and nothing keeps a pipe open. Needed for every call whose children outlive
   * it (runsc create and restore hand their streams to the container).
   */
  output?: 'capture' | 'ignore';
}

/** How it went. */
export interface RunResult {
  /** Null when the program did not end by itself. */
  exitCode: number | null;
  signal: string | null;
  timedOut: boolean;
  cancelled: boolean;
  /** More output than `maxOutputBytes`. */
  overflowed: boolean;
  /** The program could not be started (not found, not executable). */
  notStarted: boolean;
  stdout: string;
  stderr: string;
  durationMs: number;
  /** The command line, escaped, for messages. */
  command: string;
}

export const SAFE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const DEFAULT_MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

/** Looked at so often whether a pipe still moves after its program has ended. */
const DRAIN_STEP_MS = 100;
/** However much a process left behind goes on writing, the call ends so long after its program. */
const DRAIN_MAX_STEPS = 20;

/**
 * The door to processes; a program whose output is streamed goes through `spawnStreaming` in this folder. Never throws for
 * a program that failed: the caller decides what a failure is. The call ends with its program, also when a process that
 * it left behind holds a pipe open; such a process is not ended here. Throws INVALID_INPUT for an argument with a NUL byte.
 */
export async function run(request: RunRequest): Promise<RunResult> {
  refuseNul(request);
  const stream = request.output === 'ignore' ? 'ignore' : 'pipe';
  const subprocess = execa(request.file, request.args, {
    env: request.env ?? { PATH: SAFE_PATH },
    extendEnv: false,
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
    ...(request.input === undefined ? { stdin: 'ignore' as const } : { input: request.input }),
    stdout: stream,
    stderr: stream,
    timeout: request.timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: request.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES,
    ...(request.signal === undefined ? {} : { cancelSignal: request.signal }),
    reject: false,
    stripFinalNewline: false,
    cleanup: false,
  });
  letGoOfPipes(subprocess.nodeChildProcess);
  const result = await subprocess;
  return {
    exitCode: result.exitCode ?? null,
    signal: result.signal ?? null,
    timedOut: result.timedOut,
    cancelled: result.isCanceled,
    overflowed: result.isMaxBuffer,
    notStarted:
      result.exitCode === undefined &&
      result.signal === undefined &&
      !result.timedOut &&
      !result.isCanceled &&
      !result.isMaxBuffer,
    stdout: text(result.stdout),
    stderr: text(result.stderr),
    durationMs: result.durationMs,
    command: result.escapedCommand,
  };
}

/** Runs it and throws RUNTIME_FAILED or RUNTIME_TIMEOUT unless it ended with 0. */
export async function runOrThrow(request: RunRequest): Promise<RunResult> {
  const result = await run(request);
  if (result.exitCode === 0) return result;
  throw runError(result);
}

/** The error for a program that did not end with 0. */
export function runError(result: RunResult): AppError {
  const said = result.stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  const program = result.command.split(' ')[0] ?? 'program';
  const reason = result.timedOut
    ? `did not end within ${Math.round(result.durationMs)} ms`
    : result.notStarted
      ? 'could not be started'
      : result.overflowed
        ? 'wrote more than was to be kept, and was ended'
        : result.cancelled
          ? 'was cancelled'
          : `ended with ${result.exitCode === null ? `signal ${result.signal}` : `exit code ${result.exitCode}`}`;
  return new AppError(
    result.timedOut ? 'RUNTIME_TIMEOUT' : result.cancelled ? 'CANCELLED' : 'RUNTIME_FAILED',
    `${program} ${reason}${said === '' ? '' : `: ${said}`}`,
    {
      context: { command: result.command, exitCode: result.exitCode, stderr: result.stderr.slice(-2000) },
    },
  );
}

/** Closes the pipes once the program has ended and nothing more comes out of them. */
function letGoOfPipes(child: ChildProcess): void {
  const pipes = [child.stdout, child.stderr].filter((pipe) => pipe instanceof Socket);
  const read = () => pipes.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  const look = async () => {
    for (let step = 0; step < DRAIN_MAX_STEPS && pipes.some(({ closed }) => !closed); step += 1) {
      const before = read();
      await setTimeout(DRAIN_STEP_MS, undefined, { ref: false });
      if (read() === before) break;
    }
    for (const pipe of pipes) pipe.destroy();
  };
  child.once('exit', () => void look());
}

function refuseNul(request: RunRequest): void {
  if (![request.file, ...request.args].some((word) => word.includes('\0'))) return;
  throw new AppError(
    'INVALID_INPUT',
    `cannot run ${request.file.replaceAll('\0', '\\0')}: an argument has a NUL byte`,
    {
      hint: 'leave the NUL byte out: no program can be given one',
    },
  );
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
