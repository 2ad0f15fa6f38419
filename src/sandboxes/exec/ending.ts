import type { Executor } from './executor.ts';

/** A client that still waits so long after the end of its sandbox is cut off. */
const ABANDON_AFTER_MS = 10_000;

/** Commands that end by `end` end with `stopped`; resolves when their outcomes are there too. */
export async function endingCommands<T>(
  executor: Executor | null,
  containerId: string,
  graceMs: number,
  end: () => Promise<T>,
): Promise<T> {
  const ended = executor?.endAll(containerId, { abandonAfterMs: graceMs + ABANDON_AFTER_MS });
  try {
    return await end();
  } finally {
    await ended;
  }
}
