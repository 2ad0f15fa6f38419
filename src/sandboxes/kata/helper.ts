import { type SweepDeps, withHelper } from '../exec/sweep.ts';
import type { SweepHelper } from '../process-sweep.ts';

/** As `withHelper`, once more where the first was refused: an engine may not give a helper its capability. */
export async function withEngineHelper<T>(
  deps: SweepDeps,
  work: (helper: SweepHelper) => Promise<T>,
): Promise<T> {
  try {
    return await withHelper(deps, work);
  } catch {
    return await withHelper(deps, work);
  }
}
