import { AppError } from '../errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { RemovalEvidence } from './sandbox.ts';

/** Every step of a removal runs, whatever the ones before it said. */
export function removalSteps(): {
  failures: unknown[];
  step: (work: () => Promise<unknown>) => Promise<void>;
} {
  const failures: unknown[] = [];
  return {
    failures,
    async step(work) {
      try {
        await work();
      } catch (error) {
        failures.push(error);
      }
    },
  };
}

/** What counts is that nothing is there, not what the steps said. Throws CLEANUP_FAILED with what is left. */
export function concludeRemoval(
  log: Logger,
  containerId: string,
  evidence: RemovalEvidence,
  failures: readonly unknown[],
): RemovalEvidence {
  if (Object.values(evidence).every((left) => left.length === 0)) {
    if (failures.length > 0)
      log.info({ containerId, failures: failures.map(String) }, 'removed after failures');
    return evidence;
  }
  throw new AppError(
    'CLEANUP_FAILED',
    `sandbox ${containerId} is not gone: ${Object.values(evidence).flat().slice(0, 5).join(', ')}`,
    {
      hint: 'it is tried again; `npm run airlock -- doctor` shows what is left',
      context: { evidence, failures: failures.map(String) },
      cause: new AggregateError(failures),
    },
  );
}
