import { readFile } from 'node:fs/promises';
import { AppError } from '../../errors.ts';
import type { SweepDeps } from '../exec/sweep.ts';
import type { CgroupUsage } from '../cgroups.ts';
import { hostCgroupFiles } from '../process-cgroup.ts';
import { commandProcesses } from '../process-sweep.ts';
import { withEngineHelper } from './helper.ts';
import type { KataRecord } from './record.ts';

/** USER_HZ and the page of every Linux that is seen here from user space. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** Commands and what they left, by a look from inside. Rejects when the sandbox does not answer. */
export async function countProcesses(deps: SweepDeps): Promise<number> {
  return await withEngineHelper(deps, async (helper) => {
    return commandProcesses(await helper.look(), { wrapped: false }).length;
  });
}

/** Of the sandbox's cgroup on the host; where it has none of its own, of its process, which is the virtual machine. */
export async function usageOf(record: KataRecord | null): Promise<CgroupUsage> {
  if (record === null) throw new AppError('SANDBOX_LOST', 'no such sandbox is running');
  if (record.cgroup !== null) return await (await hostCgroupFiles()).usage(record.cgroup);
  const text = await readFile(`/proc/${record.pid}/stat`, 'utf8').catch(() => '');
  // The name is in parentheses and may hold anything: fields count from the last one.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  return {
    cpuSeconds: ((fields[11] ?? 0) + (fields[12] ?? 0)) / TICKS_PER_SECOND,
    memoryBytes: (fields[21] ?? 0) * PAGE_BYTES,
  };
}
