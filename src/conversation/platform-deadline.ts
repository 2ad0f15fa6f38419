import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';

/**
 * Throws CHANNEL_TRANSIENT when the platform does not answer within `limitMs` or before `signal` is aborted; a post that lands
 * later is found by its key.
 */
export async function withPlatformDeadline<T>(
  sending: Promise<T>,
  limits: { clock: Clock; limitMs: number; signal?: AbortSignal },
): Promise<T> {
  const { clock, limitMs, signal } = limits;
  const late = Promise.withResolvers<never>();
  const giveUp = (reason: string) => late.reject(new AppError('CHANNEL_TRANSIENT', reason));
  const stop = () => giveUp('the platform had not answered when Airlock stopped');
  using _timer = clock.after(limitMs, () => giveUp(`the platform did not answer within ${limitMs / 1000} s`));
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  try {
    return await Promise.race([sending, late.promise]);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
