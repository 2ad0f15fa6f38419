import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { randomId } from './ids.ts';
import { runOrThrow } from './run.ts';

/** Both ends of one pipe. `ours` does not block, `theirs` (for a child) does; whoever takes them closes them. */
export interface PipeEnds {
  ours: number;
  theirs: number;
}

/**
 * Real pipes. What Node itself gives a child are sockets, and `echo x > /dev/stderr` fails on a socket; it works on a
 * pipe. Named ones are made by `mkfifo`, a batch at a time since each call of it costs 3 ms, and each loses its name
 * when it is opened.
 */
export interface FifoPool {
  /** `read`: we read what the child writes; `write`: the child reads what we write. */
  open(direction: 'read' | 'write'): Promise<PipeEnds>;
  /** Makes a first batch meanwhile, so that the first to open one need not wait; a failure is told by `open`. */
  prepare(): void;
  /** Takes the spare ones and the directory away. */
  close(): Promise<void>;
}

const BATCH = 24;
/** Below this the next batch is made in the background: a command takes two or three. */
const LOW = 6;
const MKFIFO_TIMEOUT_MS = 5000;

/** `directory` is made when the first pipe is asked for; nothing else may lie in it. Throws what mkfifo says. */
export function createFifoPool(directory: string): FifoPool {
  const spare: string[] = [];
  let making: Promise<void> | null = null;
  let closed = false;

  async function makeBatch(): Promise<void> {
    // Not recursive: what is above may have been removed meanwhile, and must stay so.
    await mkdir(directory, { mode: 0o700 }).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
    const names = Array.from({ length: BATCH }, () => path.join(directory, randomId(12)));
    await runOrThrow({ file: 'mkfifo', args: ['-m', '600', ...names], timeoutMs: MKFIFO_TIMEOUT_MS });
    spare.push(...names);
  }

  function refill(): Promise<void> {
    making ??= makeBatch().finally(() => {
      making = null;
    });
    return making;
  }

  function prepare(): void {
    if (closed || spare.length >= LOW) return;
    refill().catch(() => {
      // Whoever needs one tries again and is told.
    });
  }

  async function take(): Promise<string> {
    for (;;) {
      const name = spare.pop();
      if (name !== undefined) {
        prepare();
        return name;
      }
      await refill();
    }
  }

  return {
    prepare,
    async open(direction) {
      const name = await take();
      // Read-write never waits for a partner, and while it is open the other two opens do not either.
      const both = openSync(name, constants.O_RDWR);
      try {
        const [ours, theirs] =
          direction === 'read'
            ? [constants.O_RDONLY, constants.O_WRONLY]
            : [constants.O_WRONLY, constants.O_RDONLY];
        const ourEnd = openSync(name, ours | constants.O_NONBLOCK);
        try {
          return { ours: ourEnd, theirs: openSync(name, theirs) };
        } catch (error) {
          closeSync(ourEnd);
          throw error;
        }
      } finally {
        closeSync(both);
        unlinkSync(name);
      }
    },
    async close() {
      closed = true;
      await making?.catch(() => undefined);
      spare.length = 0;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
