import type { Clock } from '../../lib/clock.ts';

/** The time of one command: runs from its start inside, stands still while its sandbox is paused. */
export interface ExecClock {
  /** Starts it; `onTimeout` is called once when `timeoutMs` of running time have passed. */
  start(): void;
  pause(): void;
  resume(): void;
  /** No timeout will come any more. */
  stop(): void;
  /** Milliseconds since the start, pauses left out; 0 before it. */
  elapsedMs(): number;
}

/** All methods are idempotent and may come in any order; a clock paused before its start starts paused. */
export function createExecClock(clock: Clock, timeoutMs: number, onTimeout: () => void): ExecClock {
  let state: 'new' | 'started' | 'stopped' = 'new';
  let paused = false;
  let countedMs = 0;
  let runningSince: number | null = null;
  let timer: Disposable | null = null;

  function hold(): void {
    if (runningSince !== null) countedMs += clock.monotonic() - runningSince;
    runningSince = null;
    timer?.[Symbol.dispose]();
    timer = null;
  }
  function run(): void {
    if (state !== 'started' || paused || runningSince !== null) return;
    runningSince = clock.monotonic();
    timer = clock.after(Math.max(0, timeoutMs - countedMs), onTimeout);
  }
  return {
    start() {
      if (state === 'new') state = 'started';
      run();
    },
    pause() {
      paused = true;
      hold();
    },
    resume() {
      paused = false;
      run();
    },
    stop() {
      hold();
      state = 'stopped';
    },
    elapsedMs: () => countedMs + (runningSince === null ? 0 : clock.monotonic() - runningSince),
  };
}
