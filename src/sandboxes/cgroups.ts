import { access, constants, readdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import { CONTAINER_ID_PATTERN } from '../lib/ids.ts';
import type { ResourceLimits } from '../model/agent.ts';
import { v1Files } from './cgroups-v1.ts';
import { v2Files } from './cgroups-v2.ts';

/** A limit of the cgroup, by the name an operator allows it to be missing with. */
export type LimitName = 'cpu' | 'memory' | 'processes';
export const LIMIT_NAMES = ['cpu', 'memory', 'processes'] as const satisfies readonly LimitName[];

/**
 * Host processes and threads of one sandbox at most: a far fence for the host. It counts the sandbox's own threads, and
 * a sandbox that hits it dies, so it is never the limit for what runs inside.
 */
export const HOST_PIDS_FENCE = 8192;

/** One line for each limit that is not in force. */
export interface Unenforced {
  limit: LimitName;
  /** What was read instead. */
  reason: string;
}

export interface CgroupUsage {
  cpuSeconds: number;
  /** Page cache that can be dropped is left out. */
  memoryBytes: number;
}

/** What one cgroup version reads from where; everything but this is shared. */
export interface CgroupFiles {
  version: 'v1' | 'v2';
  /** Directories of one group, `name` relative to the hierarchy. */
  directories(name: string): Promise<string[]>;
  readLimits(name: string): Promise<{
    cpuCores: number | null;
    memoryBytes: number | null;
    pids: number | null;
  }>;
  /** Null when the counter cannot be read. */
  oomKills(name: string): Promise<number | null>;
  usage(name: string): Promise<CgroupUsage>;
  /** Makes the parent ready to give its children the controllers. */
  prepareParent(name: string): Promise<void>;
  /** Whether swap can be limited; where it cannot, asking for it fails the create. */
  limitsSwap(parent: string): Promise<boolean>;
}

export interface Cgroups {
  /** `none`: there is no hierarchy that can be written. */
  readonly version: 'v1' | 'v2' | 'none';
  /** For `linux.cgroupsPath`: one fresh path for every container. */
  pathOf(containerId: string): string;
  /** Makes sure that the path does not exist: a runtime does not apply limits to one that does. Throws CREATE_FAILED. */
  prepare(containerId: string): Promise<{ limitsSwap: boolean }>;
  /** Reads back what is in force for the process; empty when everything is. */
  unenforced(containerId: string, limits: ResourceLimits, pid: number): Promise<Unenforced[]>;
  /** How often the kernel killed for memory there; null when that cannot be told. */
  oomKills(containerId: string): Promise<number | null>;
  usage(containerId: string): Promise<CgroupUsage>;
  /** Kills what is left in it and removes it; what cannot be removed within 2 s stays and shows in `left`. */
  remove(containerId: string): Promise<void>;
  /** Directories that exist. */
  left(containerId: string): Promise<string[]>;
  /** Container ids that have a group of this installation. */
  list(): Promise<string[]>;
  /** Removes the installation's own parent group when it is empty. */
  removeParent(): Promise<void>;
}

export interface CgroupsOptions {
  installationId: string;
  /** Default `/sys/fs/cgroup`. */
  mountPoint?: string;
}

/** A killed process leaves its group within milliseconds; the rest is for a loaded host. */
const REMOVE_TIMEOUT_MS = 2000;
const REMOVE_POLL_MS = 10;

/** Looks which hierarchy the host has; hybrid hosts count as v1, since the controllers are there. */
export async function openCgroups(options: CgroupsOptions): Promise<Cgroups> {
  const mountPoint = options.mountPoint ?? '/sys/fs/cgroup';
  const files = (await exists(path.join(mountPoint, 'cgroup.controllers')))
    ? (await isWritable(mountPoint))
      ? v2Files(mountPoint)
      : null
    : (await isWritable(path.join(mountPoint, 'memory')))
      ? await v1Files(mountPoint)
      : null;
  const parent = `airlock-${options.installationId}`;
  const nameOf = (containerId: string): string => `${parent}/${containerId}`;

  async function left(containerId: string): Promise<string[]> {
    return existing((await files?.directories(nameOf(containerId))) ?? []);
  }

  async function remove(containerId: string): Promise<void> {
    const deadline = performance.now() + REMOVE_TIMEOUT_MS;
    for (;;) {
      const directories = await left(containerId);
      if (directories.length === 0) return;
      for (const directory of directories) {
        await killMembers(directory);
        await removeTree(directory);
      }
      if (performance.now() > deadline) return;
      await delay((await left(containerId)).length === 0 ? 0 : REMOVE_POLL_MS);
    }
  }

  return {
    version: files?.version ?? 'none',
    pathOf: (containerId) => `/${nameOf(containerId)}`,
    async prepare(containerId) {
      await remove(containerId);
      const stale = await left(containerId);
      if (stale.length > 0) {
        throw new AppError('CREATE_FAILED', `the cgroup ${stale[0]} is in use already`, {
          hint: 'find its processes in cgroup.procs there and end them',
        });
      }
      await files?.prepareParent(parent);
      return { limitsSwap: (await files?.limitsSwap(parent)) ?? false };
    },
    async unenforced(containerId, limits, pid) {
      if (files === null) {
        return LIMIT_NAMES.map((limit) => ({
          limit,
          reason: 'this host has no cgroup hierarchy that Airlock can write',
        }));
      }
      return compareLimits(await files.readLimits(nameOf(containerId)), limits, {
        member: await isMember(await left(containerId), pid),
      });
    },
    oomKills: async (containerId) => (await files?.oomKills(nameOf(containerId))) ?? null,
    usage: async (containerId) =>
      (await files?.usage(nameOf(containerId))) ?? { cpuSeconds: 0, memoryBytes: 0 },
    remove,
    left,
    async list() {
      const ids = new Set<string>();
      for (const directory of (await files?.directories(parent)) ?? []) {
        for (const name of await readdir(directory).catch(() => [])) {
          if (CONTAINER_ID_PATTERN.test(name)) ids.add(name);
        }
      }
      return [...ids].toSorted();
    },
    async removeParent() {
      for (const directory of (await files?.directories(parent)) ?? []) {
        await rmdir(directory).catch(ignoreBusyOrGone);
      }
    },
  };
}

type ReadLimits = Awaited<ReturnType<CgroupFiles['readLimits']>>;

/** A quota is kept in microseconds, so a hundredth may be lost to rounding. */
const CPU_TOLERANCE = 0.01;

/** One line for each limit that is not in force; `member`: the sandbox is in the group that was read. */
export function compareLimits(
  read: ReadLimits,
  limits: ResourceLimits,
  facts: { member: boolean },
): Unenforced[] {
  if (!facts.member) {
    return LIMIT_NAMES.map((limit) => ({ limit, reason: 'the sandbox is not in its cgroup' }));
  }
  const found: Unenforced[] = [];
  if (read.cpuCores === null || Math.abs(read.cpuCores - limits.cpuCores) > limits.cpuCores * CPU_TOLERANCE) {
    found.push({
      limit: 'cpu',
      reason: `asked ${limits.cpuCores} cores, in force ${read.cpuCores ?? 'none'}`,
    });
  }
  const memoryBytes = limits.memoryMb * 1024 * 1024;
  if (read.memoryBytes === null || read.memoryBytes > memoryBytes) {
    found.push({
      limit: 'memory',
      reason: `asked ${memoryBytes} bytes, in force ${read.memoryBytes ?? 'none'}`,
    });
  }
  if (read.pids === null || read.pids > HOST_PIDS_FENCE) {
    found.push({
      limit: 'processes',
      reason: `host fence ${HOST_PIDS_FENCE}, in force ${read.pids ?? 'none'}`,
    });
  }
  return found;
}

/** In every directory of the group: a process that is missing in one hierarchy is not limited there. */
async function isMember(directories: readonly string[], pid: number): Promise<boolean> {
  if (directories.length === 0) return false;
  const members = await Promise.all(directories.map((directory) => readPids(directory)));
  return members.every((pids) => pids.includes(pid));
}

async function readPids(directory: string): Promise<number[]> {
  const text = await readFile(path.join(directory, 'cgroup.procs'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}

async function killMembers(directory: string): Promise<void> {
  // v2 kills the whole tree in one step, without a race against forks.
  if (await exists(path.join(directory, 'cgroup.kill'))) {
    await writeFile(path.join(directory, 'cgroup.kill'), '1').catch(ignoreBusyOrGone);
    return;
  }
  for (const pid of await readPids(directory)) {
    try {
      // The group is named after a container of this installation: nothing else can be in it. 0 is another namespace's.
      if (pid > 0) process.kill(pid, 'SIGKILL');
    } catch (error) {
      ignoreBusyOrGone(error);
    }
  }
}

async function removeTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) await removeTree(path.join(directory, entry.name));
  }
  await rmdir(directory).catch(ignoreBusyOrGone);
}

/** Busy shows in the next look, gone is what was wanted. */
function ignoreBusyOrGone(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (!['EBUSY', 'ENOENT', 'ENOTEMPTY', 'ESRCH', 'ENODEV', 'ENOTDIR'].includes(String(code))) throw error;
}

async function existing(directories: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    directories.map(async (directory) => [directory, await exists(directory)] as const),
  );
  return found.filter(([, there]) => there).map(([directory]) => directory);
}

/** Inside a container the hierarchy is often mounted read-only: then there is none to use. */
async function isWritable(directory: string): Promise<boolean> {
  return access(directory, constants.W_OK).then(
    () => true,
    () => false,
  );
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
