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
  const inLine = runtimes.filter(
    (one) => one.available && (preferred === undefined || one.type === preferred),
  );
  const running = await room.store.agents({ statuses: ['RUNNING'], limit: Number.MAX_SAFE_INTEGER });
  return {
    runtimes,
    defaultType: inLine[0]?.type ?? null,
    preferredType: preferred ?? null,
    live: await room.store.countLiveAgents(),
    maxAgents: maxAgents(room),
    running: running.length,
    host: await hostCapacity(room.dataDir),
  };
}

/** A runtime that somebody asked for and that is not there is told in the log, at the start: the first agent would be too late. */
export async function warnOfMissing(room: Room): Promise<void> {
  const preferred = room.policy().defaultSandbox;
  const runtimes = await Promise.all(room.drivers.map((driver) => driver.detect()));
  for (const { type, available, configured, missing, howToGet } of runtimes) {
    if (available || !(configured === true || type === preferred)) continue;
    room.log.warn(
      { sandbox: type, missing, howToGet },
      'a sandbox runtime that is configured is not available',
    );
  }
}
