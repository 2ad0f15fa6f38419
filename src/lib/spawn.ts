import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { systemClock, type Clock } from './clock.ts';
import type { FifoPool } from './fifos.ts';
import { SAFE_PATH } from './run.ts';

/** A program whose output is worked on while it runs. There is no shell; the environment is only what is given. */
export interface SpawnRequest {
  file: string;
  args: readonly string[];
  /** Default `{ PATH }` of a root login shell. */
  env?: Record<string, string>;
  cwd?: string;
  /** Written to standard input at the reader's pace, then end of file; nothing by default (`/dev/null`). */
  stdin?: AsyncIterable<Uint8Array>;
  /** Gets all output; while its promise is open nothing more of that stream is read. */
  onOutput(stream: 'stdout' | 'stderr', chunk: Uint8Array): Promise<void>;
  /** Real pipes instead of Node's sockets. */
  pipes?: FifoPool;
  /** Descriptor 3 of the program is a pipe that `tell` writes to; it ends with this process. Only with `pipes`. Default false. */
  awaitsMessage?: boolean;
  /** After this the program gets KILL. Milliseconds; none by default. */
  timeoutMs?: number;
  /** Aborting it gives the program KILL. */
  signal?: AbortSignal;
  /** Default the system's. */
  clock?: Clock;
}

export interface SpawnEnd {
  /** Null when the program did not end by itself. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** Why it could not be started; null when it was. */
  notStarted: Error | null;
  timedOut: boolean;
  cancelled: boolean;
  /** A process that it left behind holds a pipe open: what comes after this is read slowly and dropped. */
  heldOpen: boolean;
  /** The first error of `onOutput` or of the stdin source, and of a pipe; output is then read and dropped. */
  streamError: Error | null;
  durationMs: number;
}

export interface Spawned {
  pid: number | null;
  /** The program itself has ended; its pipes may still be open. Never rejects. */
  exited: Promise<void>;
  hasEnded(): boolean;
  /** It has ended and its output is worked on. Never rejects. */
  ended: Promise<SpawnEnd>;
  /** Writes the message that the program awaits; its pipe stays open until it has ended. One that has ended does not hear it. */
  tell(message: string): void;
  kill(signal: NodeJS.Signals): void;
}

/**
 * How long a pipe must be silent after the program's end before its holder is taken for a daemon. What the program
 * wrote is in the pipe by then, so this only covers a busy event loop.
 */
const DRAIN_QUIET_MS = 50;
/** A pipe holds 64 KiB and a stream as much again: beyond this, what comes was written after the end. */
const DRAIN_MAX_BYTES = 256 * 1024;
/** One chunk in this time is taken from a daemon that goes on writing, so that it neither blocks at once nor costs us. */
const DISCARD_INTERVAL_MS = 1000;

/** The streaming door to processes. Starts at once; every failure is in `ended`. */
export async function spawnStreaming(request: SpawnRequest): Promise<Spawned> {
  const clock = request.clock ?? systemClock;
  const startedAt = clock.monotonic();
  const end = {
    exitCode: null as number | null,
    signal: null as NodeJS.Signals | null,
    notStarted: null as Error | null,
    timedOut: false,
    cancelled: false,
    streamError: null as Error | null,
  };
  const noteError = (error: unknown) => {
    end.streamError ??= asError(error);
  };
  const opened = await openChild(request);
  if ('failure' in opened) {
    const failed = { ...end, notStarted: opened.failure, heldOpen: false, durationMs: 0 };
    const nothing = () => undefined;
    return {
      pid: null,
      exited: Promise.resolve(),
      hasEnded: () => true,
      ended: Promise.resolve(failed),
      tell: nothing,
      kill: nothing,
    };
  }
  const { child, stdin, stdout, stderr, message } = opened;
  let over = false;
  const exited = new Promise<void>((ended) => {
    const resolve = () => {
      over = true;
      ended();
    };
    child.once('exit', (code, signal) => {
      end.exitCode = code;
      end.signal = signal;
      resolve();
    });
    child.once('error', (error) => {
      // Also said of a failed kill; only before the start it is the end.
      if (child.pid !== undefined) return;
      end.notStarted = error;
      resolve();
    });
  });
  const pumps = [
    pump(stdout, (chunk) => request.onOutput('stdout', chunk), noteError, clock),
    pump(stderr, (chunk) => request.onOutput('stderr', chunk), noteError, clock),
  ];
  const feeding = stdin === null ? null : feed(stdin, request.stdin, exited, noteError);
  // A reader that is gone (EPIPE) is told by its own end.
  message?.on('error', () => undefined);
  void exited.then(() => message?.destroy());
  const stop = (reason: 'timedOut' | 'cancelled') => {
    if (end.exitCode !== null || end.signal !== null) return;
    end[reason] = true;
    child.kill('SIGKILL');
  };
  const timer =
    request.timeoutMs === undefined ? null : clock.after(request.timeoutMs, () => stop('timedOut'));
  const onAbort = () => stop('cancelled');
  request.signal?.addEventListener('abort', onAbort, { once: true });
  if (request.signal?.aborted === true) onAbort();

  async function finish(): Promise<SpawnEnd> {
    await exited;
    timer?.[Symbol.dispose]();
    request.signal?.removeEventListener('abort', onAbort);
    const closed = await Promise.all(pumps.map((one) => one.drain()));
    await feeding;
    const heldOpen = closed.includes(false);
    return { ...end, heldOpen, durationMs: clock.monotonic() - startedAt };
  }
  return {
    pid: child.pid ?? null,
    exited,
    hasEnded: () => over,
    ended: finish(),
    tell: (text) => void message?.write(text),
    kill: (signal) => void child.kill(signal),
  };
}

interface OpenedChild {
  child: ChildProcess;
  stdin: Writable | null;
  stdout: Readable;
  stderr: Readable;
  message: Writable | null;
}

async function openChild(request: SpawnRequest): Promise<OpenedChild | { failure: Error }> {
  const options = {
    env: request.env ?? { PATH: SAFE_PATH },
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
  };
  const wantsStdin = request.stdin !== undefined;
  const theirs: number[] = [];
  const ours: Socket[] = [];
  try {
    if (request.pipes === undefined) {
      const stdio: StdioOptions = [wantsStdin ? 'pipe' : 'ignore', 'pipe', 'pipe'];
      const child = spawn(request.file, request.args, { ...options, stdio });
      if (child.stdout === null || child.stderr === null) throw new Error('no pipes to the program');
      return { child, stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, message: null };
    }
    const open = async (direction: 'read' | 'write', pool: FifoPool): Promise<Socket> => {
      const ends = await pool.open(direction);
      theirs.push(ends.theirs);
      const socket = new Socket({
        fd: ends.ours,
        readable: direction === 'read',
        writable: direction === 'write',
      });
      ours.push(socket);
      return socket;
    };
    const stdin = wantsStdin ? await open('write', request.pipes) : null;
    const stdout = await open('read', request.pipes);
    const stderr = await open('read', request.pipes);
    const message = request.awaitsMessage === true ? await open('write', request.pipes) : null;
    const stdio: StdioOptions = wantsStdin ? [...theirs] : ['ignore', ...theirs];
    const child = spawn(request.file, request.args, { ...options, stdio });
    return { child, stdin, stdout, stderr, message };
  } catch (error) {
    // A NUL in an argument, no descriptors left: Node throws where others only emit.
    for (const socket of ours) socket.destroy();
    return { failure: asError(error) };
  } finally {
    // The child has its own copies; ours would keep the pipes from ever ending.
    for (const descriptor of theirs) closeSync(descriptor);
  }
}

interface Pump {
  /** After the program's end: true when the pipe was closed, false when somebody else holds it open. */
  drain(): Promise<boolean>;
}

/** Hands chunks over one at a time; the stream stands still meanwhile. */
function pump(
  stream: Readable,
  handle: (chunk: Uint8Array) => Promise<void>,
  onError: (error: unknown) => void,
  clock: Clock,
): Pump {
  let broken = false;
  let working: Promise<void> = Promise.resolve();
  let busy = false;
  let received = 0;
  let wake: () => void = () => undefined;
  const fail = (error: unknown) => {
    broken = true;
    onError(error);
  };
  const onData = (chunk: Uint8Array) => {
    received += chunk.length;
    wake();
    if (broken) return;
    stream.pause();
    busy = true;
    working = handle(chunk)
      .catch(fail)
      .finally(() => {
        busy = false;
        stream.resume();
        wake();
      });
  };
  const closed = new Promise<boolean>((resolve) => {
    stream.once('close', () => resolve(true));
  });
  stream.on('error', fail);
  stream.on('data', onData);

  /** Resolves when the stream has been silent, with nobody at work on a chunk, or has given more than it can owe. */
  async function silence(isOver: () => boolean): Promise<boolean> {
    const before = received;
    while (!isOver() && received - before < DRAIN_MAX_BYTES) {
      const seen = received;
      await new Promise<void>((resolve) => {
        const timer = clock.after(DRAIN_QUIET_MS, resolve);
        wake = () => {
          timer[Symbol.dispose]();
          resolve();
        };
      });
      // A timer that is late runs before the reads that are due: give these one turn.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (received === seen && !busy) break;
      if (busy) await working;
    }
    return false;
  }

  return {
    async drain() {
      let over = false;
      const end = closed.then((value) => {
        over = true;
        wake();
        return value;
      });
      const ended = await Promise.race([end, silence(() => over)]);
      await working;
      if (!ended && !over) discardSlowly(stream, onData, clock);
      return ended || over;
    },
  };
}

/**
 * Closing the pipe would end a daemon at its next line of output, reading at full speed would let one that floods cost
 * us a core: it is read a chunk a second until its last writer is gone. It never keeps this process alive.
 */
function discardSlowly(stream: Readable, onData: (chunk: Uint8Array) => void, clock: Clock): void {
  stream.off('data', onData);
  if (stream instanceof Socket) stream.unref();
  stream.on('data', () => {
    stream.pause();
    clock.after(DISCARD_INTERVAL_MS, () => stream.resume());
  });
  stream.resume();
}

/** Writes until the source is empty, the reader is gone or the program has ended. */
async function feed(
  stdin: Writable,
  source: AsyncIterable<Uint8Array> | undefined,
  exited: Promise<void>,
  onError: (error: unknown) => void,
): Promise<void> {
  let open = true;
  const gone = new Promise<void>((resolve) => {
    const leave = () => {
      open = false;
      resolve();
    };
    // A reader that closed its end (EPIPE) is no error: it did not want the rest.
    stdin.on('error', leave);
    stdin.once('close', leave);
    void exited.then(() => {
      leave();
      stdin.destroy();
    });
  });
  const iterator = source?.[Symbol.asyncIterator]();
  try {
    while (open && iterator !== undefined) {
      const next = await Promise.race([iterator.next(), gone]);
      if (next === undefined || next.done === true) break;
      if (!stdin.write(next.value)) {
        await Promise.race([new Promise<void>((resolve) => void stdin.once('drain', resolve)), gone]);
      }
    }
    // Not awaited: a generator that waits for its next value would hold the end back.
    if (!open) void iterator?.return?.().catch(() => undefined);
  } catch (error) {
    onError(error);
  }
  if (open) stdin.end();
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
