/** Waits for things to happen, without polling. */
export interface Watch extends Disposable {
  changed(): void;
  until<T>(find: () => T | undefined | null | false, timeoutMs?: number): Promise<T>;
}

function isFound<T>(value: T | undefined | null | false): value is T {
  return value !== undefined && value !== null && value !== false;
}

export function createWatch(): Watch {
  const waiting = new Set<{ look(): void; fail(reason: string): void }>();
  return {
    changed() {
      for (const entry of waiting) entry.look();
    },
    async until<T>(find: () => T | undefined | null | false, timeoutMs = 5_000) {
      const first = find();
      if (isFound(first)) return first;
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const entry = {
        look() {
          try {
            const found = find();
            if (isFound(found)) resolve(found);
          } catch (error) {
            reject(error);
          }
        },
        fail: (reason: string) => reject(new Error(`${reason}: ${find.toString()}`)),
      };
      waiting.add(entry);
      const timer = setTimeout(() => entry.fail(`not within ${timeoutMs} ms`), timeoutMs);
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        waiting.delete(entry);
      }
    },
    [Symbol.dispose]() {
      for (const entry of waiting) entry.fail('the emulator was closed');
    },
  };
}
