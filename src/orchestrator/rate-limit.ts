import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';

export interface RateLimit {
  /** Counts one request. Throws RATE_LIMITED with the seconds to wait; `context.first` marks the first refusal in a row. */
  take(personId: string): void;
}

const WINDOW_MS = 60_000;
/** Above this many people, those who were quiet for a window are forgotten. */
const SWEEP_ABOVE = 1000;

/** A sliding window for each person: never more than `perMinute()` requests in any 60 seconds. Refused ones do not count. */
export function createRateLimit(deps: { perMinute: () => number; clock: Clock }): RateLimit {
  const { perMinute, clock } = deps;
  const people = new Map<string, { times: number[]; refusing: boolean }>();

  return {
    take(personId) {
      const now = clock.monotonic();
      const person = people.get(personId) ?? { times: [], refusing: false };
      people.set(personId, person);
      person.times = person.times.filter((time) => time > now - WINDOW_MS);
      const allowed = perMinute();
      if (person.times.length < allowed) {
        person.times.push(now);
        person.refusing = false;
        if (people.size > SWEEP_ABOVE) sweep(people, now);
        return;
      }
      const first = !person.refusing;
      person.refusing = true;
      const freeAt = (person.times[person.times.length - allowed] ?? now) + WINDOW_MS;
      const seconds = Math.max(1, Math.ceil((freeAt - now) / 1000));
      throw new AppError('RATE_LIMITED', `too many requests: ${allowed} a minute are allowed`, {
        hint: `try again in ${seconds} s`,
        context: { retryAfterSeconds: seconds, first },
      });
    },
  };
}

function sweep(people: Map<string, { times: number[] }>, now: number): void {
  for (const [personId, { times }] of people) {
    if ((times.at(-1) ?? 0) <= now - WINDOW_MS) people.delete(personId);
  }
}
