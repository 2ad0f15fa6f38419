import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { readKey, readNumber, readText } from './cgroup-files.ts';
import type { CgroupFiles } from './cgroups.ts';

const NANOSECONDS = 1e9;

/** One hierarchy for every controller, `cpu` and `cpuacct` often as links to one. */
export async function v1Files(mountPoint: string): Promise<CgroupFiles> {
  const entries = await readdir(mountPoint, { withFileTypes: true });
  // Links name a hierarchy a second time; `unified` is v2's and holds no controller in hybrid mode.
  const hierarchies = entries
    .filter((entry) => entry.isDirectory() && entry.name !== 'unified')
    .map((entry) => path.join(mountPoint, entry.name));
  const file = (controller: string, name: string, leaf: string): string =>
    path.join(mountPoint, controller, name, leaf);

  return {
    version: 'v1',
    directories: async (name) => hierarchies.map((hierarchy) => path.join(hierarchy, name)),
    async readLimits(name) {
      const quota = await readNumber(file('cpu', name, 'cpu.cfs_quota_us'));
      const period = await readNumber(file('cpu', name, 'cpu.cfs_period_us'));
      return {
        cpuCores: quota === null || period === null ? null : quota / period,
        memoryBytes: await readNumber(file('memory', name, 'memory.limit_in_bytes')),
        pids: await readNumber(file('pids', name, 'pids.max')),
      };
    },
    oomKills: (name) => readKey(file('memory', name, 'memory.oom_control'), 'oom_kill'),
    async usage(name) {
      const used = (await readNumber(file('memory', name, 'memory.usage_in_bytes'))) ?? 0;
      const cache = (await readKey(file('memory', name, 'memory.stat'), 'total_inactive_file')) ?? 0;
      const cpu = (await readNumber(file('cpuacct', name, 'cpuacct.usage'))) ?? 0;
      return { cpuSeconds: cpu / NANOSECONDS, memoryBytes: Math.max(0, used - cache) };
    },
    // Children of v1 have every controller of their hierarchy.
    prepareParent: async () => {},
    limitsSwap: async () =>
      (await readText(path.join(mountPoint, 'memory', 'memory.memsw.limit_in_bytes'))) !== null,
  };
}
