/** Lets callers wait for a change of one key without asking again and again. */
export interface Watchers {
  /** Resolves when `isDone` says so; it is asked at once and after every change of the key. */
  until(key: string, isDone: () => Promise<boolean>): Promise<void>;
  changed(key: string): void;
  /** Has everybody look again, for the end. */
  all(): void;
}

export function createWatchers(): Watchers {
  const waiting = new Map<string, Set<() => void>>();

  function wake(key: string): void {
    for (const resolve of waiting.get(key) ?? []) resolve();
  }

  return {
    async until(key, isDone) {
      for (;;) {
        // Listening begins before the look, so that no change between the two is missed.
        const change = Promise.withResolvers<void>();
        const others = waiting.get(key) ?? new Set();
        waiting.set(key, others.add(change.resolve));
        try {
          if (await isDone()) return;
          await change.promise;
        } finally {
          others.delete(change.resolve);
          if (others.size === 0 && waiting.get(key) === others) waiting.delete(key);
        }
      }
    },
    changed: wake,
    all() {
      for (const key of waiting.keys()) wake(key);
    },
  };
}
