/** The first retry comes within this; it doubles from there. */
const BASE_MS = 1000;
/** An outage of hours costs a try every few minutes. */
const MAX_MS = 5 * 60_000;

/**
 * Milliseconds until the next try: exponential with full jitter, or, when the platform said how long, that long plus a little
 * jitter so that not all come back at once. `attempts` counts the failures so far, 1 after the first.
 */
export function retryDelayMs(attempts: number, retryAfterMs: number | null, random: () => number): number {
  const ceiling = Math.min(MAX_MS, BASE_MS * 2 ** Math.min(attempts - 1, 20));
  if (retryAfterMs !== null) return Math.ceil(retryAfterMs + random() * BASE_MS);
  return Math.ceil(random() * ceiling);
}

/** `context.retryAfterMs` of a CHANNEL_TRANSIENT error, when it is a sensible number. */
export function retryAfterOf(context: Readonly<Record<string, unknown>>): number | null {
  const value = context['retryAfterMs'];
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null;
}

/** True when only the room that was posted into is to be left alone: `context.scope` of a CHANNEL_TRANSIENT error. */
export function isRoomOnly(context: Readonly<Record<string, unknown>>): boolean {
  return context['scope'] === 'room';
}
