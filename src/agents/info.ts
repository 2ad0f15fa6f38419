import { statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import type { HostCapacity } from './limits.ts';
import type { Room } from './room.ts';
import type { SandboxInfo } from './types.ts';

const MEBIBYTE = 1024 * 1024;

/** What this host has, the disk where the data directory lies. */
export async function hostCapacity(dataDir: string): Promise<HostCapacity> {
  const disk = await statfs(dataDir);
  return {
    cpuCores: availableParallelism(),
    memoryMb: Math.floor(totalmem() / MEBIBYTE),
    freeDiskMb: Math.floor((disk.bavail * disk.bsize) / MEBIBYTE),
  };
}

/** The ceiling in force: the environment's, else the policy's. */
export function maxAgents(room: Room): number {
  return room.environment.AIRLOCK_MAX_AGENTS ?? room.policy().limits.maxAgents;
}

export async function sandboxInfo(room: Room): Promise<SandboxInfo> {
  const runtimes = await Promise.all(room.drivers.map((driver) => driver.detect()));
  const preferred = room.policy().defaultSandbox;
  const available = runtimes.filter((one) => one.available);
  const running = await room.store.agents({ statuses: ['RUNNING'], limit: Number.MAX_SAFE_INTEGER });
  return {
    runtimes,
    defaultType: (available.find((one) => one.type === preferred) ?? available[0])?.type ?? null,
    live: await room.store.countLiveAgents(),
    maxAgents: maxAgents(room),
    running: running.length,
    host: await hostCapacity(room.dataDir),
  };
}
