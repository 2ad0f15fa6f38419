import type { ResourceLimits } from '../../model/agent.ts';
import { compareLimits, type Unenforced } from '../cgroups.ts';
import { INIT_PROCESSES } from '../init.ts';
import { hostCgroupFiles } from '../process-cgroup.ts';
import type { EngineContainer } from './engine-inspect.ts';
import type { Inside } from './inside.ts';

/**
 * Limits that are not in force, by what the engine took down, what the host's cgroup says where the sandbox is no virtual
 * machine, and what is seen inside. Pids are limited by the guest's RLIMIT_NPROC.
 */
export async function readLimitsBack(
  container: EngineContainer,
  facts: { inside: Inside; limits: ResourceLimits; cgroup: string | null; proven: boolean },
): Promise<Unenforced[]> {
  const { inside, limits, cgroup, proven } = facts;
  const read =
    proven || cgroup === null
      ? // A guest that shows a cgroup shows its own; one that shows none leaves the engine's word.
        {
          cpuCores: container.cpuCores,
          memoryBytes: smaller(container.memoryBytes, inside.memoryBytes, proven),
          pids: 0,
        }
      : { ...(await (await hostCgroupFiles()).readLimits(cgroup)), pids: 0 };
  const found = compareLimits(read, limits, { member: true });
  const wanted = Math.max(limits.maxProcesses, INIT_PROCESSES);
  if (inside.maxProcesses > wanted) {
    found.push({ limit: 'processes', reason: `asked ${wanted}, in force ${inside.maxProcesses}` });
  }
  return found;
}

/** A guest may round its limit up to a page; what is far above is not in force. */
function smaller(engine: number | null, guest: number | null, proven: boolean): number | null {
  if (engine === null || guest === null || !proven) return engine;
  return guest <= engine + PAGE_BYTES ? engine : guest;
}

const PAGE_BYTES = 65_536;
