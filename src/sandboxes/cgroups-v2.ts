import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readKey, readNumber, readText } from './cgroup-files.ts';
import type { CgroupFiles } from './cgroups.ts';

const MICROSECONDS = 1e6;
const CONTROLLERS = ['cpu', 'memory', 'pids'];

/** One hierarchy for all controllers. */
export function v2Files(mountPoint: string): CgroupFiles {
  const file = (name: string, leaf: string): string => path.join(mountPoint, name, leaf);

  return {
    version: 'v2',
    directories: async (name) => [path.join(mountPoint, name)],
    async readLimits(name) {
      const [quota, period] = ((await readText(file(name, 'cpu.max'))) ?? 'max').split(' ').map(Number);
      const limited = quota !== undefined && period !== undefined && !Number.isNaN(quota);
      return {
        cpuCores: limited ? quota / period : null,
        memoryBytes: await readNumber(file(name, 'memory.max')),
        pids: await readNumber(file(name, 'pids.max')),
      };
    },
    oomKills: (name) => readKey(file(name, 'memory.events'), 'oom_kill'),
    async usage(name) {
      const used = (await readNumber(file(name, 'memory.current'))) ?? 0;
      const cache = (await readKey(file(name, 'memory.stat'), 'inactive_file')) ?? 0;
      const cpu = (await readKey(file(name, 'cpu.stat'), 'usage_usec')) ?? 0;
      return { cpuSeconds: cpu / MICROSECONDS, memoryBytes: Math.max(0, used - cache) };
    },
    async prepareParent(name) {
      await mkdir(path.join(mountPoint, name), { recursive: true });
      // A group gives a controller to its children only when told so. Where it refuses ("no internal processes" inside a
      // container), reading back shows the limit as not in force, and that ends the create with its reason.
      for (const group of ['.', name]) {
        for (const controller of CONTROLLERS) {
          await writeFile(file(group, 'cgroup.subtree_control'), `+${controller}`).catch(() => undefined);
        }
      }
    },
    limitsSwap: async (parent) => (await readText(file(parent, 'memory.swap.max'))) !== null,
  };
}
