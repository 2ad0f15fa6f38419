import type { Clock } from '../../src/lib/clock.ts';

/** Time that moves only when a test says so. */
export interface ManualClock extends Clock {
  /** Moves time on and runs what is due, in order. */
  advance(ms: number): void;
  /** Timers that are armed. */
  readonly armed: number;
}

export function createManualClock(startAt = 1_700_000_000_000): ManualClock {
  let now = startAt;
  const timers = new Set<{ at: number; work: () => void }>();
  return {
    now: () => now,
    monotonic: () => now - startAt,
    after(delayMs, work) {
      const timer = { at: now + Math.max(0, delayMs), work };
      timers.add(timer);
      // As a real one: what is due when it is armed needs no more time to pass.
      if (delayMs <= 0) setImmediate(() => timers.delete(timer) && timer.work());
      return { [Symbol.dispose]: () => void timers.delete(timer) };
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        now = Math.max(now, next.at);
        next.work();
      }
      now = end;
    },
    get armed() {
      return timers.size;
    },
  };
}
