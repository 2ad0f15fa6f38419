import type { Clock } from '../../src/lib/clock.ts';

/**
 * Slack opens a window for three seconds after a press. What it takes to reach us is not known, so the last half second is not
 * counted on.
 */
export const TRIGGER_LIFE_MS = 2500;

/** Leave to open one window. */
export interface Trigger {
  /** The id, once and while it is fresh; else null. */
  take(): string | null;
  /** Milliseconds that are left. */
  left(): number;
}

export function createTrigger(id: string, clock: Pick<Clock, 'monotonic'>): Trigger {
  const until = clock.monotonic() + TRIGGER_LIFE_MS;
  let taken = false;
  const left = () => Math.max(0, until - clock.monotonic());
  return {
    left,
    take() {
      if (taken || left() === 0) return null;
      taken = true;
      return id;
    },
  };
}
