import type { Clock } from '../../lib/clock.ts';
import type { ThreadRef } from '../../model/thread.ts';
import { createTokenBucket, type TokenBucket } from './token-bucket.ts';

/** Rooms remembered before idle ones are looked for. */
const SWEEP_AT = 64;

/** One {@link TokenBucket} for each room, its threads included. Only rooms that used theirs lately take memory. */
export interface RoomBudgets {
  of(ref: Pick<ThreadRef, 'space' | 'room'>): TokenBucket;
  /** Rooms remembered now. */
  readonly size: number;
}

/** An infinite or non-positive budget is no limit; a pause holds all the same. */
export function createRoomBudgets(perMinute: number, clock: Pick<Clock, 'monotonic'>): RoomBudgets {
  const rooms = new Map<string, TokenBucket>();
  let sweepAt = SWEEP_AT;

  function dropIdle(): void {
    for (const [key, bucket] of rooms) if (bucket.isIdle()) rooms.delete(key);
    // Twice what is in use: a sweep costs each room no more than its own making.
    sweepAt = Math.max(SWEEP_AT, rooms.size * 2);
  }

  return {
    of({ space, room }) {
      const key = `${space}\u0000${room}`;
      const known = rooms.get(key);
      if (known !== undefined) return known;
      if (rooms.size >= sweepAt) dropIdle();
      const bucket = createTokenBucket(perMinute, clock);
      rooms.set(key, bucket);
      return bucket;
    },
    get size() {
      return rooms.size;
    },
  };
}
