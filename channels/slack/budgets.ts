import type { Clock } from '../../src/lib/clock.ts';

const MINUTE_MS = 60_000;

/**
 * Calls a minute, for the whole workspace and this app. The tiers are those of Slack's own Java SDK; where Slack says "several
 * hundred", 200 leaves the rest to what it does not count aloud. Methods that are not here are not called.
 */
export const CALLS_PER_MINUTE = {
  'apps.connections.open': 1,
  'auth.test': 100,
  'chat.delete': 50,
  'chat.postEphemeral': 100,
  'chat.postMessage': 200,
  'chat.update': 50,
  'conversations.history': 50,
  'conversations.info': 50,
  'conversations.members': 100,
  'conversations.open': 50,
  'conversations.replies': 50,
  'files.completeUploadExternal': 100,
  'files.getUploadURLExternal': 100,
  'usergroups.users.list': 20,
  'users.info': 100,
  'views.open': 100,
  'views.publish': 100,
  'views.push': 100,
  'views.update': 100,
} as const satisfies Record<string, number>;
export type SlackMethod = keyof typeof CALLS_PER_MINUTE;

/** Slack takes one post a second in a channel, threads included. */
const ROOM_POST_INTERVAL_MS = 1000;

/** A place inside a budget, for one call. */
export interface Slot {
  /** The call has ended: its place counts from now on, and is free when the window has passed. */
  [Symbol.dispose](): void;
}

/** So many calls in any window of time; who comes too early waits in turn. */
export interface Budget {
  /** Null when there was no place within `maxWaitMs`. */
  take(maxWaitMs: number): Promise<Slot | null>;
  /** Slack asked for a pause: no place is given until then. */
  pause(milliseconds: number): void;
  /** Milliseconds of the pause that are left. */
  pausedFor(): number;
  /** Nothing is counted and nobody waits. */
  readonly idle: boolean;
}

/**
 * No `windowMs` ever holds more than `limit` calls, whenever within its duration each reached Slack: a place is taken before the
 * call and given back one window after its end.
 */
export function createBudget(limit: number, windowMs: number, clock: Clock): Budget {
  const waiting: (() => void)[] = [];
  let taken = 0;
  let pausedUntil = Number.NEGATIVE_INFINITY;

  const pausedFor = () => Math.max(0, pausedUntil - clock.monotonic());

  function serve(): void {
    while (taken < limit && pausedFor() === 0) {
      const next = waiting.shift();
      if (next === undefined) return;
      taken += 1;
      next();
    }
  }

  function slot(): Slot {
    let ended = false;
    return {
      [Symbol.dispose]() {
        if (ended) return;
        ended = true;
        clock.after(windowMs, () => {
          taken -= 1;
          serve();
        });
      },
    };
  }

  return {
    async take(maxWaitMs) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const grant = () => resolve(true);
      waiting.push(grant);
      serve();
      const leave = () => {
        const place = waiting.indexOf(grant);
        if (place === -1) return;
        waiting.splice(place, 1);
        resolve(false);
      };
      if (maxWaitMs <= 0) leave();
      using _timer = clock.after(maxWaitMs, leave);
      return (await promise) ? slot() : null;
    },
    pause(milliseconds) {
      pausedUntil = Math.max(pausedUntil, clock.monotonic() + milliseconds);
      clock.after(milliseconds, serve);
    },
    pausedFor,
    get idle() {
      return taken === 0 && waiting.length === 0 && pausedFor() === 0;
    },
  };
}

/** Every budget of the Web API. */
export interface Budgets {
  /** What a call of the method, in that room where the method counts rooms, must have a place in; the narrowest first. */
  of(method: SlackMethod, room: string | null): readonly Budget[];
}

export function createBudgets(clock: Clock): Budgets {
  const methods = new Map<SlackMethod, Budget>();
  const rooms = new Map<string, Budget>();

  function ofMethod(method: SlackMethod): Budget {
    const known = methods.get(method) ?? createBudget(CALLS_PER_MINUTE[method], MINUTE_MS, clock);
    methods.set(method, known);
    return known;
  }

  function ofRoom(room: string): Budget {
    const known = rooms.get(room);
    if (known !== undefined) return known;
    for (const [name, budget] of rooms) if (budget.idle) rooms.delete(name);
    const budget = createBudget(1, ROOM_POST_INTERVAL_MS, clock);
    rooms.set(room, budget);
    return budget;
  }

  return {
    of(method, room) {
      const own = ofMethod(method);
      return method === 'chat.postMessage' && room !== null ? [ofRoom(room), own] : [own];
    },
  };
}
