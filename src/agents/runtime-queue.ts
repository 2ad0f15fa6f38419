import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';

/** Beyond it work is refused (DESIGN.md section 4). */
const MAX_WAITING = 200;
/** A call that holds its slot longer is waiting on its sandbox, not on the processor: it no longer counts. */
const SLOT_HELD_AT_MOST_MS = 5000;
/** What a refusal tells people to wait: about what the queue needs to move on. */
const RETRY_SECONDS = 5;

/** A place in the queue, taken before anything is written down. */
export interface Place {
  /** Takes the place; again is success. Throws RUNTIME_BUSY when the queue is full. */
  take(): void;
  /** Runs when a slot is free; the slot is given back when `work` ends or calls `free`. */
  run<T>(work: (free: () => void) => Promise<T>): Promise<T>;
  /** Gives a place back that was not used; success when it was. */
  leave: () => void;
}

export interface RuntimeQueue {
  /** A place that is not taken yet. */
  place(): Place;
  /** Stops and clean-up: ahead of the others and never refused. */
  urgent<T>(work: () => Promise<T>): Promise<T>;
  readonly running: number;
  readonly waiting: number;
  /** Whoever came now would run at once. */
  readonly hasFreeSlot: boolean;
}

/** Runtime calls of all agents: `slots` at once, the rest in order. */
export function createRuntimeQueue(options: { slots: number; clock: Clock }): RuntimeQueue {
  let running = 0;
  let entered = 0;
  const line: (() => void)[] = [];

  const startNext = () => {
    while (running < options.slots) {
      const next = line.shift();
      if (next === undefined) return;
      running += 1;
      next();
    }
  };

  async function occupy<T>(
    first: boolean,
    work: (free: () => void) => Promise<T>,
    onStart: () => void,
  ): Promise<T> {
    const turn = Promise.withResolvers<void>();
    if (first) line.unshift(turn.resolve);
    else line.push(turn.resolve);
    startNext();
    await turn.promise;
    onStart();
    let held = true;
    const free = () => {
      if (!held) return;
      held = false;
      running -= 1;
      startNext();
    };
    using _limit = options.clock.after(SLOT_HELD_AT_MOST_MS, free);
    try {
      return await work(free);
    } finally {
      free();
    }
  }

  return {
    place() {
      let taken = false;
      const leave = () => {
        if (taken) entered -= 1;
        taken = false;
      };
      return {
        take() {
          if (taken) return;
          if (entered >= MAX_WAITING) {
            throw new AppError('RUNTIME_BUSY', `${MAX_WAITING} runtime calls are waiting already`, {
              hint: `Busy: retry in ${RETRY_SECONDS} s.`,
            });
          }
          taken = true;
          entered += 1;
        },
        run: (work) => occupy(false, work, leave),
        leave,
      };
    },
    urgent: (work) => occupy(true, work, () => undefined),
    get running() {
      return running;
    },
    get waiting() {
      return line.length;
    },
    get hasFreeSlot() {
      return running < options.slots;
    },
  };
}
