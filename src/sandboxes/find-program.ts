import { access, constants, realpath } from 'node:fs/promises';
import path from 'node:path';
import { SAFE_PATH } from '../lib/run.ts';

/** The first of that name on PATH or in a system directory; absolute with links resolved, or null. */
export async function findProgram(name: string, searchPath: string | undefined): Promise<string | null> {
  const directories = [...new Set(`${searchPath ?? ''}:${SAFE_PATH}`.split(':'))];
  return await firstExecutable(
    directories
      .filter((directory) => path.isAbsolute(directory))
      .map((directory) => path.join(directory, name)),
  );
}

/** The first that can be run, with links resolved; null when none can. */
export async function firstExecutable(candidates: readonly string[]): Promise<string | null> {
  for (const candidate of candidates) {
    try {
      await access(candidate, constants.X_OK);
      return await realpath(candidate);
    } catch {
      // The next place may have it.
    }
  }
  return null;
}
