/** Gives chunks until null, the end. */
export interface Readable {
  read(): Promise<Uint8Array | null>;
  /** Nobody reads any more: writers get a broken pipe. */
  close(): void;
}

/** False when nobody reads any more. */
export interface Writable {
  write(chunk: Uint8Array): Promise<boolean>;
  close(): void;
}

export const emptyReadable: Readable = { read: async () => null, close: () => undefined };
export const nullWritable: Writable = { write: async () => true, close: () => undefined };

/** A pipe that holds one chunk: the writer waits for the reader. */
export function createPipe(): { reader: Readable; writer: Writable } {
  let full: Uint8Array | null = null;
  let ended = false;
  let broken = false;
  let change = Promise.withResolvers<void>();
  const changed = () => {
    change.resolve();
    change = Promise.withResolvers<void>();
  };
  return {
    writer: {
      async write(chunk) {
        while (full !== null && !broken) await change.promise;
        if (broken) return false;
        full = chunk;
        changed();
        return true;
      },
      close() {
        ended = true;
        changed();
      },
    },
    reader: {
      async read() {
        while (full === null && !ended) await change.promise;
        const chunk = full;
        full = null;
        changed();
        return chunk;
      },
      close() {
        broken = true;
        changed();
      },
    },
  };
}

export function fromIterable(source: AsyncIterable<Uint8Array>): Readable {
  const iterator = source[Symbol.asyncIterator]();
  return {
    async read() {
      const next = await iterator.next();
      return next.done === true ? null : next.value;
    },
    close: () => undefined,
  };
}

export function fromText(text: string): Readable {
  let left: Uint8Array | null = Buffer.from(text);
  return {
    async read() {
      const chunk = left;
      left = null;
      return chunk;
    },
    close: () => undefined,
  };
}
