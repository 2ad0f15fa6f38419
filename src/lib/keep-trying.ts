import type { Clock } from './clock.ts';

/** Long enough that a failing store is not worn down, short enough that nobody looks at an old state for long. */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

/**
 * Does it again until it succeeds: after 1 s, doubling up to a minute. For what has happened already and must be written down.
 * Throws the last failure once `signal` is aborted.
 */
export async function keepTrying<T>(
  work: () => Promise<T>,
  options: { clock: Clock; signal: AbortSignal; onFailure: (error: unknown) => void },
): Promise<T> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      return await work();
    } catch (error) {
      if (options.signal.aborted) throw error;
      options.onFailure(error);
      await wait(options.clock, waitMs, options.signal);
      if (options.signal.aborted) throw error;
    }
  }
}

async function wait(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>();
  const end = () => over.resolve();
  using _timer = clock.after(delayMs, end);
  signal.addEventListener('abort', end, { once: true });
  try {
    await over.promise;
  } finally {
    signal.removeEventListener('abort', end);
  }
}
