import { AppError } from '../../errors.ts';
import { type Spawned, spawnStreaming } from '../../lib/spawn.ts';
import type { ExecStream } from './client.ts';
import type { ExecDeps } from './deps.ts';
import { execFiles, type ExecFiles, removeExecFiles, writeExecRecord } from './record.ts';
import type { CommandProcess } from './request.ts';
import type { ExecCallContext } from './run-exec.ts';

/** The client of one command; whoever has it removes the files in the end. */
export interface StartedClient {
  files: ExecFiles;
  stream: ExecStream;
  client: Spawned;
}

/** Lets the client that was expected begin, or starts one; the record is there before. Throws with nothing started and nothing left. */
export async function startClient(
  deps: ExecDeps,
  { container, handle, request, signal }: ExecCallContext,
  process: CommandProcess,
  onOutput: (stream: 'stdout' | 'stderr', own: Uint8Array) => Promise<void>,
): Promise<StartedClient> {
  // What is written to it needs a client that knows so from its start.
  const waiting = request.stdin === undefined ? await container.expected.take() : null;
  const files = waiting?.files ?? execFiles(container.executions, request.execId);
  try {
    writeExecRecord(files, { execId: request.execId, spawnedAt: deps.clock.now() });
    if (signal.aborted) throw new AppError('CANCELLED', 'command was cancelled before it started');
    const stream =
      waiting?.stream ??
      deps.client.open(handle.containerId, { ...process, stdin: request.stdin !== undefined }, files);
    const take = async (name: 'stdout' | 'stderr', chunk: Uint8Array) => {
      const own = stream.take(name, chunk);
      if (own.length > 0) await onOutput(name, own);
    };
    if (waiting !== null) {
      waiting.begin(process, take);
      return waiting;
    }
    const stdin = stream.stdin === undefined ? request.stdin : stream.stdin(request.stdin);
    const client = await spawnStreaming({
      file: stream.file,
      args: stream.args,
      ...(stream.env === undefined ? {} : { env: stream.env }),
      ...(stdin === undefined ? {} : { stdin }),
      pipes: container.pipes,
      clock: deps.clock,
      onOutput: take,
    });
    return { files, stream, client };
  } catch (error) {
    await waiting?.discard();
    removeExecFiles(files);
    throw error;
  }
}
