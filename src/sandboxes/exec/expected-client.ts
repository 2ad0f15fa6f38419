import { mkdirSync } from 'node:fs';
import type { Clock } from '../../lib/clock.ts';
import type { FifoPool } from '../../lib/fifos.ts';
import { newExecId } from '../../lib/ids.ts';
import { type Spawned, spawnStreaming, type SpawnRequest } from '../../lib/spawn.ts';
import type { ExecClient, LateStream, ProcessSpec } from './client.ts';
import { execFiles, type ExecFiles, removeExecFiles } from './record.ts';

/** A client that was started before its process was known, and waits to be told it. */
export interface WaitingClient {
  files: ExecFiles;
  stream: LateStream;
  client: Spawned;
  /** Tells it the process; its output goes to `onOutput`. */
  begin(process: ProcessSpec, onOutput: SpawnRequest['onOutput']): void;
  /** Ends it with nothing begun; resolves when nothing of it is left. */
  discard(): Promise<void>;
}

/**
 * At most one client ahead of its command. Most of what a client takes is its own start, which passes while the command is
 * being written down. It cannot run anything by itself: the process is told by whoever takes it, and when this bot dies the
 * message ends without one.
 */
export interface ExpectedClient {
  /** Starts one unless one waits already. Never throws: a command without one starts its own. */
  start(): void;
  /** It is the caller's now. Null when none waits, or not any more. */
  take(): Promise<WaitingClient | null>;
  /** Ends the one that waits; success when there is none. */
  discard(): Promise<void>;
  /** Directories of clients that this bot has started so and that have not ended. */
  readonly inUse: ReadonlySet<string>;
}

export interface ExpectedClientDeps {
  client: ExecClient;
  containerId: string;
  /** The container's directory for executions. */
  executions: string;
  pipes: FifoPool;
  clock: Clock;
}

/** Two durable commits lie between; a client that nobody takes holds some memory and gets in nobody's way. */
const WAITS_MS = 5000;

export function createExpectedClient(deps: ExpectedClientDeps): ExpectedClient {
  const inUse = new Set<string>();
  let current: { opened: Promise<WaitingClient | null>; timer: Disposable } | null = null;

  /** Takes it out of everybody else's reach. */
  async function claim(): Promise<WaitingClient | null> {
    const claimed = current;
    current = null;
    claimed?.timer[Symbol.dispose]();
    return (await claimed?.opened) ?? null;
  }
  async function discard(): Promise<void> {
    await (await claim())?.discard();
  }

  return {
    start() {
      if (current !== null || deps.client.openLate === undefined) return;
      current = { opened: open(deps, inUse), timer: deps.clock.after(WAITS_MS, () => void discard()) };
    },
    async take() {
      const waiting = await claim();
      if (waiting === null || !waiting.client.hasEnded()) return waiting;
      await waiting.discard();
      return null;
    },
    discard,
    inUse,
  };
}

/** Null when it could not be started. */
async function open(deps: ExpectedClientDeps, inUse: Set<string>): Promise<WaitingClient | null> {
  const files = execFiles(deps.executions, newExecId());
  inUse.add(files.directory);
  try {
    // Not recursive: what is above may have been removed meanwhile, and must stay so.
    mkdirSync(files.directory, { mode: 0o700 });
    const stream = deps.client.openLate?.(deps.containerId, files);
    if (stream === undefined) return null;
    const reader = Promise.withResolvers<SpawnRequest['onOutput']>();
    const client = await spawnStreaming({
      file: stream.file,
      args: stream.args,
      ...(stream.env === undefined ? {} : { env: stream.env }),
      pipes: deps.pipes,
      awaitsMessage: true,
      clock: deps.clock,
      onOutput: async (name, chunk) => (await reader.promise)(name, chunk),
    });
    void client.ended.then(() => inUse.delete(files.directory));
    return {
      files,
      stream,
      client,
      begin(process, onOutput) {
        reader.resolve(onOutput);
        client.tell(stream.message(process));
      },
      async discard() {
        reader.resolve(async () => undefined);
        client.kill('SIGKILL');
        await client.ended;
        removeExecFiles(files);
      },
    };
  } catch {
    inUse.delete(files.directory);
    removeExecFiles(files);
    return null;
  }
}
