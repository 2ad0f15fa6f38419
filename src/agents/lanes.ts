import type { Clock } from '../lib/clock.ts';

/** Ordering inside one agent; agents never wait for each other. */
export interface Lanes {
  /** After every exclusive and shared work asked for before; alone. */
  exclusive<T>(agentId: string, work: () => Promise<T>): Promise<T>;
  /** After every exclusive work asked for before, side by side with other shared work, until it ends or calls `leave`. */
  shared<T>(agentId: string, work: (leave: () => void) => Promise<T>): Promise<T>;
  /**
   * Exclusive, but waits for nobody longer than `waitAtMostMs` or than `hurry` is pending, and for shared work not at all.
   */
  overtaking<T>(
    agentId: string,
    waitAtMostMs: number,
    work: () => Promise<T>,
    hurry?: Promise<void>,
  ): Promise<T>;
}

interface Lane {
  /** Ends with the last exclusive work asked for. */
  last: Promise<void>;
  sharing: Set<Promise<void>>;
  users: number;
}

export function createLanes(clock: Clock): Lanes {
  const lanes = new Map<string, Lane>();

  async function use<T>(agentId: string, work: (lane: Lane) => Promise<T>): Promise<T> {
    const lane = lanes.get(agentId) ?? { last: Promise.resolve(), sharing: new Set(), users: 0 };
    lanes.set(agentId, lane);
    lane.users += 1;
    try {
      return await work(lane);
    } finally {
      lane.users -= 1;
      if (lane.users === 0) lanes.delete(agentId);
    }
  }

  async function alone<T>(
    lane: Lane,
    before: (previous: Promise<void>) => Promise<unknown>,
    work: () => Promise<T>,
  ) {
    const mine = Promise.withResolvers<void>();
    const previous = lane.last;
    // Whoever comes later waits for this work and for what it overtook.
    lane.last = Promise.all([previous, mine.promise]).then(() => undefined);
    try {
      await before(previous);
      return await work();
    } finally {
      mine.resolve();
    }
  }

  return {
    exclusive: (agentId, work) =>
      use(agentId, (lane) => {
        const sharing = [...lane.sharing];
        return alone(lane, (previous) => Promise.all([previous, ...sharing]), work);
      }),
    overtaking: (agentId, waitAtMostMs, work, hurry) =>
      use(agentId, (lane) =>
        alone(
          lane,
          async (previous) => {
            const enough = Promise.withResolvers<void>();
            using _timer = clock.after(waitAtMostMs, enough.resolve);
            await Promise.race([previous, enough.promise, ...(hurry === undefined ? [] : [hurry])]);
          },
          work,
        ),
      ),
    shared: (agentId, work) =>
      use(agentId, async (lane) => {
        const mine = Promise.withResolvers<void>();
        const previous = lane.last;
        lane.sharing.add(mine.promise);
        const leave = () => {
          lane.sharing.delete(mine.promise);
          mine.resolve();
        };
        try {
          await previous;
          return await work(leave);
        } finally {
          leave();
        }
      }),
  };
}
