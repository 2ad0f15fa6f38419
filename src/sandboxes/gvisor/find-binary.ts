import path from 'node:path';
import { findProgram, firstExecutable } from '../find-program.ts';

/** AIRLOCK_RUNSC, else the first `runsc` on PATH; absolute with links resolved, or null. */
export async function findRunsc(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | null> {
  const configured = environment['AIRLOCK_RUNSC'];
  return configured === undefined
    ? await findProgram('runsc', environment['PATH'])
    : await firstExecutable([path.resolve(configured)]);
}
