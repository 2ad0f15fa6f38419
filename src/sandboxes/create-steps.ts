import { mkdir } from 'node:fs/promises';
import { AppError, toAppError } from '../errors.ts';
import type { Logger } from '../lib/logger.ts';

/** The directory is the lock against a second create with the same id. Throws CREATE_FAILED. */
export async function claimHome(home: string): Promise<void> {
  try {
    await mkdir(home, { mode: 0o711 });
  } catch (error) {
    throw new AppError('CREATE_FAILED', `cannot make ${home}: ${toAppError(error).message}`, {
      hint: 'a container id is used once; if the directory is new to you, the disk may be full or read-only',
      cause: error,
    });
  }
}

/** What cannot be undone now stays listed, and whoever cleans up tries again; the first error is the one to show. */
export async function undoCreate(
  log: Logger,
  containerId: string,
  remove: () => Promise<unknown>,
): Promise<void> {
  try {
    await remove();
  } catch (error) {
    log.error({ containerId, error: toAppError(error).message }, 'a failed create could not be undone');
  }
}

/** Like Promise.all, but waits for all: what is still being made cannot be undone. */
export async function allDone<T extends readonly Promise<unknown>[]>(
  work: [...T],
): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}

/** The error to show for a create that failed. */
export function createError(error: unknown, containerId: string, signal: AbortSignal): AppError {
  if (signal.aborted) {
    return new AppError('CANCELLED', `the create of sandbox ${containerId} was cancelled`, { cause: error });
  }
  const known = toAppError(error);
  if (known.code !== 'RUNTIME_FAILED' && known.code !== 'INTERNAL') return known;
  return new AppError('CREATE_FAILED', `cannot create sandbox ${containerId}: ${known.message}`, {
    hint: known.hint ?? 'run `npm run airlock -- doctor`: it shows what this host can do',
    context: known.context,
    cause: error,
  });
}

export function requireNotAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new AppError('CANCELLED', 'the create was cancelled');
}
