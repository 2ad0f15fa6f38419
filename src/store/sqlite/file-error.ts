import { AppError } from '../../errors.ts';
import { diskFull } from './sqlite-error.ts';

/** The frequent ones in words; what the system says of a probe's name helps nobody. */
const REASONS: Readonly<Record<string, string>> = {
  ENOTDIR: 'it, or a part of its path, is a file and no directory',
  EROFS: 'the file system is mounted read-only',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
};

/** What a file operation under the data directory threw, as DISK_FULL or DATA_DIR_UNUSABLE; an AppError stays itself. */
export function fromFileError(error: unknown, path: string): AppError {
  if (error instanceof AppError) return error;
  const code = errorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(`cannot write to ${path}`, { path }, error);
  const reason = REASONS[code ?? ''] ?? (error instanceof Error ? error.message : String(error));
  return new AppError('DATA_DIR_UNUSABLE', `cannot use the data directory ${path}: ${reason}`, {
    hint: 'make it a directory this user may write to, or set AIRLOCK_DATA_DIR to one',
    context: { path, code },
    cause: error,
  });
}

/** Runs file operations under `path`; what they throw passes {@link fromFileError}. */
export async function usingFiles<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fromFileError(error, path);
  }
}

/** `ENOENT` and its like; null where there is none. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
