import { mkdir } from 'node:fs/promises';
import { AppError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { FifoPool } from '../../lib/fifos.ts';
import { randomId } from '../../lib/ids.ts';
import { spawnStreaming } from '../../lib/spawn.ts';
import {
  parseLook,
  SWEEP_ARGV,
  sweep,
  type Look,
  type SweepEvidence,
  type SweepHelper,
  type SweepTarget,
} from '../process-sweep.ts';
import type { ExecClient } from './client.ts';
import type { ContainerExecs } from './container.ts';
import type { ExecDeps } from './deps.ts';
import { execFiles, removeExecFiles } from './record.ts';
import type { SandboxHandle } from '../sandbox.ts';

export interface SweepDeps {
  client: ExecClient;
  containerId: string;
  /** The container's directory for executions. */
  executions: string;
  /** Default Node's own sockets. */
  pipes?: FifoPool;
  clock: Clock;
  /** Milliseconds; default 20 s. */
  helperTimeoutMs?: number;
}

/** A fork bomb on a loaded host takes two seconds; a sandbox that answers slower than this is hung. */
const SWEEP_TIMEOUT_MS = 20_000;
/** So that a line stays far below the shell's memory, however many processes there are. */
const PIDS_PER_LINE = 500;

/**
 * One helper exec as uid 0 (the commands' process limit does not count it and their signals do not reach it) with
 * only CAP_KILL ends the target and looks again. Rejects when the helper could not do its work.
 */
export async function runSweep(deps: SweepDeps, target: SweepTarget): Promise<SweepEvidence> {
  return await withHelper(deps, (helper) => sweep(helper, target));
}

/** Runs the helper for as long as `work` takes. Rejects when it could not be had, or ended early. */
export async function withHelper<T>(deps: SweepDeps, work: (helper: SweepHelper) => Promise<T>): Promise<T> {
  const files = execFiles(deps.executions, `sweep-${randomId(12)}`);
  await mkdir(files.directory, { recursive: true, mode: 0o700 });
  try {
    const stream = deps.client.open(
      deps.containerId,
      {
        args: SWEEP_ARGV,
        env: ['PATH=/bin'],
        cwd: '/',
        user: { uid: 0, gid: 0 },
        capabilities: ['CAP_KILL'],
      },
      files,
    );
    const input = createLineSource();
    const output = createLookReader();
    let stderr = '';
    const helper = await spawnStreaming({
      file: stream.file,
      args: stream.args,
      ...(stream.env === undefined ? {} : { env: stream.env }),
      stdin: input.lines,
      ...(deps.pipes === undefined ? {} : { pipes: deps.pipes }),
      timeoutMs: deps.helperTimeoutMs ?? SWEEP_TIMEOUT_MS,
      clock: deps.clock,
      async onOutput(name, chunk) {
        const own = stream.take(name, chunk);
        if (name === 'stdout') output.push(own);
        else stderr = `${stderr}${Buffer.from(own).toString('utf8')}`.slice(-2000);
      },
    });
    void helper.ended.then((end) => {
      stream.end(end.exitCode);
      const reason = end.timedOut ? 'did not end in time' : stderr.trim().slice(-300);
      output.fail(
        new AppError('RUNTIME_FAILED', `process sweep in ${deps.containerId} ended early: ${reason}`),
      );
    });
    try {
      return await work({
        async look() {
          input.write('look\n');
          return await output.next();
        },
        async freeze() {
          input.write('FREEZE\n');
        },
        async signal(name, pids) {
          for (let from = 0; from === 0 || from < pids.length; from += PIDS_PER_LINE) {
            input.write(`${name} ${pids.slice(from, from + PIDS_PER_LINE).join(' ')}\n`);
          }
        },
      });
    } finally {
      input.end();
      await helper.ended;
    }
  } finally {
    removeExecFiles(files);
  }
}

/** Lines written now and read as they are asked for. */
function createLineSource() {
  const queue: Uint8Array[] = [];
  let ended = false;
  let wake: () => void = () => undefined;
  async function* lines(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const next = queue.shift();
      if (next !== undefined) yield next;
      else if (ended) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }
  return {
    lines: lines(),
    write(line: string) {
      queue.push(Buffer.from(line));
      wake();
    },
    end() {
      ended = true;
      wake();
    },
  };
}

/** Cuts the helper's answers out of its output; the helper runs our own script, so what it prints is trusted. */
function createLookReader() {
  let text = '';
  let waiting: { resolve(look: Look): void; reject(error: Error): void } | null = null;
  let failure: Error | null = null;
  return {
    push(chunk: Uint8Array) {
      text += Buffer.from(chunk).toString('latin1');
      const parsed = parseLook(text);
      if (parsed === null) return;
      text = parsed.rest;
      waiting?.resolve(parsed.look);
      waiting = null;
    },
    fail(error: Error) {
      failure = error;
      waiting?.reject(error);
    },
    async next(): Promise<Look> {
      if (failure !== null) throw failure;
      return await new Promise((resolve, reject) => {
        waiting = { resolve, reject };
      });
    },
  };
}

export interface SweepResult {
  /** Null when no sweep was done. */
  evidence: SweepEvidence | null;
  error: string | null;
}

/** A sandbox that is dying or hung refuses the helper: that is told, never thrown. */
export async function sweepQuietly(
  deps: ExecDeps,
  handle: SandboxHandle,
  container: ContainerExecs,
  command: { pid: number | null; ageMs(): number; overlapped: boolean },
): Promise<SweepResult> {
  const { containerId } = handle;
  let error: unknown;
  for (let attempt = 1; attempt <= SWEEP_ATTEMPTS; attempt += 1) {
    try {
      const evidence = await container.oneSweepAtATime(async () =>
        runSweep(
          { ...deps, containerId, executions: container.executions, pipes: container.pipes },
          { ...command, otherPids: await container.otherPids(command.pid) },
        ),
      );
      if (evidence.left.length > 0) deps.log.error({ containerId, evidence }, 'process sweep left processes');
      return { evidence, error: null };
    } catch (failure) {
      error = failure;
      const alive = await deps.sandboxState(handle).then(
        (state) => state.alive,
        () => false,
      );
      if (!alive) break;
    }
  }
  deps.log.warn({ containerId, err: error }, 'process sweep failed');
  return { evidence: null, error: error instanceof Error ? error.message : String(error) };
}

/** The helper can be refused once, while a sandbox is being paused or is at its memory limit. */
const SWEEP_ATTEMPTS = 2;
