import type { Logger } from '../lib/logger.ts';
import type { OutputSink } from '../sandboxes/sandbox.ts';
import type { LiveOutput, OutputChunk } from './types.ts';

/** Kept of a running command: enough for any card and for a person who looks in. */
const MAX_TAIL_BYTES = 64 * 1024;
/** Many tiny chunks are joined, so that a byte costs a byte. */
const MAX_CHUNKS = 256;

export interface LiveOutputs {
  /** Where the output of one action goes while it runs. */
  sink(actionId: string): OutputSink;
  end(actionId: string): void;
  of(actionId: string): LiveOutput | null;
  onOutput(listener: (chunk: OutputChunk) => void): Disposable;
}

interface Tail {
  chunks: Uint8Array[];
  keptBytes: number;
  totalBytes: number;
}

export function createLiveOutputs(deps: { log: Logger }): LiveOutputs {
  const tails = new Map<string, Tail>();
  const listeners = new Set<(chunk: OutputChunk) => void>();

  return {
    sink(actionId) {
      const tail: Tail = { chunks: [], keptBytes: 0, totalBytes: 0 };
      tails.set(actionId, tail);
      return {
        async write(stream, chunk) {
          append(tail, chunk);
          for (const listener of listeners) {
            try {
              listener({ actionId, stream, chunk });
            } catch (error) {
              deps.log.error({ err: error, actionId }, 'a listener to live output failed');
            }
          }
        },
      };
    },
    end(actionId) {
      tails.delete(actionId);
    },
    of(actionId) {
      const tail = tails.get(actionId);
      return tail === undefined ? null : { tail: Buffer.concat(tail.chunks), totalBytes: tail.totalBytes };
    },
    onOutput(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
}

function append(tail: Tail, chunk: Uint8Array): void {
  tail.totalBytes += chunk.length;
  // A copy: the caller may use its buffer again.
  const kept = Uint8Array.from(chunk.subarray(Math.max(0, chunk.length - MAX_TAIL_BYTES)));
  tail.chunks.push(kept);
  tail.keptBytes += kept.length;
  while (tail.keptBytes > MAX_TAIL_BYTES) {
    const [first] = tail.chunks;
    if (first === undefined) break;
    const excess = Math.min(first.length, tail.keptBytes - MAX_TAIL_BYTES);
    if (excess === first.length) tail.chunks.shift();
    else tail.chunks[0] = first.slice(excess);
    tail.keptBytes -= excess;
  }
  if (tail.chunks.length > MAX_CHUNKS) tail.chunks = [Buffer.concat(tail.chunks)];
}
