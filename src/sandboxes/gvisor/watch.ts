import { existsSync } from 'node:fs';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Cgroups } from '../cgroups.ts';
import type { SandboxExit } from '../sandbox.ts';
import { isAlive } from '../host-processes.ts';
import { endCause } from './inspect.ts';
import type { GvisorPaths } from './paths.ts';
import { readRecord } from './record.ts';

export interface WatchParts {
  paths: GvisorPaths;
  cgroups: () => Promise<Cgroups>;
  clock: Clock;
  log: Logger;
}

/** Promised is 2 s; one look reads one small file. */
const LOOK_EVERY_MS = 250;

/**
 * Looks at the sandbox process by pid and start time. A `runsc wait` for each sandbox would cost some 15 MB, end with the
 * bot and not know more: PID 1 never ends by itself.
 */
export function watchSandbox(
  parts: WatchParts,
  containerId: string,
  onExit: (exit: SandboxExit) => void,
): Disposable {
  let over = false;
  let timer: Disposable | undefined;

  async function look(): Promise<void> {
    const place = parts.paths.container(containerId);
    const record = await readRecord(place);
    if (record !== null && (await isAlive(record))) return next();
    const { cause, evidence } = await endCause(
      { paths: parts.paths, cgroups: await parts.cgroups() },
      containerId,
    );
    // Asked for, or removed already.
    if (over || evidence['asked'] === true || !existsSync(place.record)) return;
    over = true;
    onExit({ code: null, cause, evidence: { ...evidence, pid: record?.pid ?? null } });
  }

  function next(): void {
    if (over) return;
    timer = parts.clock.after(LOOK_EVERY_MS, () => {
      look().catch((error: unknown) => {
        parts.log.error({ containerId, error: String(error) }, 'a look at a sandbox failed');
        next();
      });
    });
  }

  next();
  return {
    [Symbol.dispose]() {
      over = true;
      timer?.[Symbol.dispose]();
    },
  };
}
