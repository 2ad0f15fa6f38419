import type { Clock } from '../../lib/clock.ts';

/** A budget that refills with time. In no 60 seconds it gives more than `perMinute`. */
export interface TokenBucket {
  /** 0 when a token can be taken now, else the milliseconds until it is worth asking again. `reserve` must stay in it. */
  wait(reserve?: number): number;
  /** Takes one token where {@link TokenBucket.wait} says 0, else nothing; what it said. */
  take(reserve?: number): number;
  /** A token that was taken and not used. */
  giveBack(): void;
  /** True when a new bucket in its place would give the same. */
  isIdle(): boolean;
  /** Most it can hold. */
  readonly capacity: number;
  /** The platform asked for a pause: nothing is given until then. */
  pause(milliseconds: number): void;
}

/** The part of a minute's budget that may go out at once; the rest trickles, so that bursts keep inside the minute. */
const BURST_SHARE = 1 / 6;

/** Full at first. An infinite or non-positive budget is no limit. */
export function createTokenBucket(perMinute: number, clock: Pick<Clock, 'monotonic'>): TokenBucket {
  const unlimited = !Number.isFinite(perMinute) || perMinute <= 0;
  const capacity = unlimited ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(perMinute * BURST_SHARE));
  const perMs = unlimited ? 0 : Math.max(perMinute - capacity, 1) / 60_000;
  let tokens = capacity;
  let filledAt = clock.monotonic();
  let pausedUntil = Number.NEGATIVE_INFINITY;

  function fill(now: number): void {
    tokens = Math.min(capacity, tokens + (now - filledAt) * perMs);
    filledAt = now;
  }

  function wait(reserve = 0): number {
    const now = clock.monotonic();
    if (now < pausedUntil) return Math.ceil(pausedUntil - now);
    if (unlimited) return 0;
    fill(now);
    const needed = 1 + Math.min(reserve, capacity - 1);
    // A rounding error of the clock must not cost a whole wake-up.
    if (tokens + 1e-6 >= needed) return 0;
    return Math.max(1, Math.ceil((needed - tokens) / perMs));
  }

  return {
    capacity,
    wait,
    take(reserve) {
      const milliseconds = wait(reserve);
      if (milliseconds === 0) tokens -= 1;
      return milliseconds;
    },
    giveBack() {
      tokens = Math.min(capacity, tokens + 1);
    },
    isIdle() {
      const now = clock.monotonic();
      if (now < pausedUntil) return false;
      if (!unlimited) fill(now);
      return tokens >= capacity;
    },
    pause(milliseconds) {
      pausedUntil = Math.max(pausedUntil, clock.monotonic() + milliseconds);
    },
  };
}
