/** What is kept of a byte stream: everything, or its first and its last bytes with a gap between. */
export interface HeadTailBytes {
  /** The first bytes; everything when nothing was dropped. */
  head: Uint8Array;
  /** The last bytes after the gap; empty when nothing was dropped. */
  tail: Uint8Array;
  /** Everything that was pushed, kept or not. */
  totalBytes: number;
}

export interface HeadTail {
  push(chunk: Uint8Array): void;
  readonly totalBytes: number;
  /** More was pushed than the cap, so something is missing between head and tail. */
  readonly truncated: boolean;
  /** Copies; the stream may go on afterwards. */
  kept(): HeadTailBytes;
}

/**
 * Keeps at most `maxBytes` of a stream: the first half (rounded up) and the last half, and counts the rest. Memory
 * follows what was pushed up to the cap and never passes it, however long the stream is. Throws RangeError for a cap
 * that is not a whole number from 0.
 */
export function createHeadTail(maxBytes: number): HeadTail {
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 0) throw new RangeError(`cap of ${maxBytes} bytes`);
  const head = createGrowing(Math.ceil(maxBytes / 2));
  const ring = createRing(Math.floor(maxBytes / 2));
  let totalBytes = 0;
  return {
    push(chunk) {
      totalBytes += chunk.length;
      const taken = head.push(chunk);
      if (taken < chunk.length) ring.push(chunk.subarray(taken));
    },
    get totalBytes() {
      return totalBytes;
    },
    get truncated() {
      return totalBytes > maxBytes;
    },
    kept() {
      const first = head.bytes();
      const last = ring.bytes();
      if (totalBytes > maxBytes) return { head: first, tail: last, totalBytes };
      return { head: concat(first, last), tail: new Uint8Array(), totalBytes };
    },
  };
}

/** Most commands write little: buffers start small and double. */
const FIRST_CAPACITY_BYTES = 4096;

/** Takes what fits under `limit` and tells how much that was. */
function createGrowing(limit: number) {
  let buffer = new Uint8Array();
  let used = 0;
  return {
    push(chunk: Uint8Array): number {
      const taken = Math.min(chunk.length, limit - used);
      buffer = grown(buffer, used + taken, limit);
      buffer.set(chunk.subarray(0, taken), used);
      used += taken;
      return taken;
    },
    bytes: () => buffer.slice(0, used),
  };
}

/** Holds the last `limit` bytes. */
function createRing(limit: number) {
  let buffer = new Uint8Array();
  let used = 0;
  /** Where the next byte goes once the ring is full; the oldest byte is there. */
  let next = 0;
  return {
    push(chunk: Uint8Array): void {
      if (limit === 0) return;
      let rest = chunk.length > limit ? chunk.subarray(chunk.length - limit) : chunk;
      const room = Math.min(rest.length, limit - used);
      buffer = grown(buffer, used + room, limit);
      buffer.set(rest.subarray(0, room), used);
      used += room;
      rest = rest.subarray(room);
      while (rest.length > 0) {
        const part = Math.min(rest.length, limit - next);
        buffer.set(rest.subarray(0, part), next);
        next = (next + part) % limit;
        rest = rest.subarray(part);
      }
    },
    bytes: () => concat(buffer.subarray(next, used), buffer.subarray(0, next)),
  };
}

function grown(buffer: Uint8Array<ArrayBuffer>, needed: number, limit: number): Uint8Array<ArrayBuffer> {
  if (needed <= buffer.length) return buffer;
  const larger = new Uint8Array(Math.min(limit, Math.max(needed, buffer.length * 2, FIRST_CAPACITY_BYTES)));
  larger.set(buffer);
  return larger;
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
