import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { formatDuration } from '../lib/format.ts';

/**
 * What `work` gives, or RUNTIME_TIMEOUT after `afterMs`. The work itself goes on; `onLate` hears when it succeeds after
 * all, so that what it made can be taken away.
 */
export async function withDeadline<T>(
  clock: Clock,
  afterMs: number,
  what: string,
  work: Promise<T>,
  onLate?: (value: T) => void,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  let over = false;
  using _timer = clock.after(afterMs, () => {
    over = true;
    late.reject(new AppError('RUNTIME_TIMEOUT', `${what} did not end within ${formatDuration(afterMs)}`));
  });
  void work.then(
    (value) => {
      if (over) onLate?.(value);
    },
    // Its failure is thrown below; after the deadline it has nothing more to say.
    () => undefined,
  );
  return await Promise.race([work, late.promise]);
}
