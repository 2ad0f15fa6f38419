import { type Clock, systemClock } from '../../src/lib/clock.ts';

/** Time that can be moved on; what comes due runs before `advance` returns. */
export interface MovingClock extends Clock {
  advance(ms: number): void;
}

/** Time that also runs by itself, for tests whose client lives in real time. */
export function createMovingClock(base: Clock = systemClock): MovingClock {
  let shift = 0;
  const waiting = new Set<{ at: number; work: () => void; timer: Disposable }>();
  const clock: MovingClock = {
    now: () => base.now() + shift,
    monotonic: () => base.monotonic() + shift,
    after(delayMs, work) {
      const entry = {
        at: clock.monotonic() + Math.max(0, delayMs),
        work,
        timer: base.after(Math.max(0, delayMs), () => run()),
      };
      function run() {
        if (waiting.delete(entry)) work();
      }
      waiting.add(entry);
      return {
        [Symbol.dispose]() {
          waiting.delete(entry);
          entry.timer[Symbol.dispose]();
        },
      };
    },
    advance(ms) {
      shift += ms;
      const due = [...waiting].filter(({ at }) => at <= clock.monotonic()).toSorted((a, b) => a.at - b.at);
      for (const entry of due) {
        entry.timer[Symbol.dispose]();
        if (waiting.delete(entry)) entry.work();
      }
      // What is left comes due sooner by what was skipped.
      for (const entry of waiting) {
        entry.timer[Symbol.dispose]();
        entry.timer = base.after(entry.at - clock.monotonic(), () => {
          if (waiting.delete(entry)) entry.work();
        });
      }
    },
  };
  return clock;
}
