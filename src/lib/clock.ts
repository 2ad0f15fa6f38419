/** The only source of time inside Airlock, so that tests can move it. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Monotonic milliseconds, for durations. */
  monotonic(): number;
  /** Calls `work` once after `delayMs`; disposing cancels it. The timer never keeps the process alive. */
  after(delayMs: number, work: () => void): Disposable;
}

/** Node caps timers at 2^31-1 ms; a longer wait is cut into steps. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, work) {
    let timer: NodeJS.Timeout;
    const arm = (left: number) => {
      timer = setTimeout(
        () => (left > MAX_TIMER_MS ? arm(left - MAX_TIMER_MS) : work()),
        Math.min(left, MAX_TIMER_MS),
      );
      timer.unref();
    };
    arm(Math.max(0, delayMs));
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
