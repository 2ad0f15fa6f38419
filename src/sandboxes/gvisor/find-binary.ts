import { access, constants, realpath } from 'node:fs/promises';
import path from 'node:path';
import { SAFE_PATH } from '../../lib/run.ts';

/** AIRLOCK_RUNSC, else the first `runsc` on PATH; absolute with links resolved, or null. */
export async function findRunsc(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | null> {
  const configured = environment['AIRLOCK_RUNSC'];
  const candidates =
    configured === undefined
      ? [...new Set(`${environment['PATH'] ?? ''}:${SAFE_PATH}`.split(':'))]
          .filter((directory) => path.isAbsolute(directory))
          .map((directory) => path.join(directory, 'runsc'))
      : [path.resolve(configured)];
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
