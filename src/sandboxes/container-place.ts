import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { AgentDiskPaths } from './disks/agent-disk.ts';

/** What every driver keeps of one container, in one directory: a restarted bot finds it, and removal is one step. */
export interface ContainerPlace extends AgentDiskPaths {
  home: string;
  /** JSON the driver writes at create: what a restarted bot has to know. */
  record: string;
  /** Present once it was asked to end: what follows is no failure. */
  stopMark: string;
  /** Written before its network is made; without it there is none to look for. */
  resolvConf: string;
  /** One set of files an execution. */
  executions: string;
}

/** The names inside `base`; nothing is made. */
export function containerPlace(base: string, containerId: string): ContainerPlace {
  const home = path.join(base, containerId);
  const disk = path.join(home, 'disk');
  return {
    home,
    record: path.join(home, 'record.json'),
    stopMark: path.join(home, 'stopping'),
    diskImage: path.join(home, 'disk.img'),
    disk,
    workspace: path.join(disk, 'workspace'),
    tmp: path.join(disk, 'tmp'),
    resolvConf: path.join(home, 'resolv.conf'),
    executions: path.join(home, 'executions'),
  };
}

/** Removes the directory. The record goes before the mark: whoever watches and sees neither knows that it was asked for. */
export async function removePlace({ home, record }: Pick<ContainerPlace, 'home' | 'record'>): Promise<void> {
  await rm(record, { force: true });
  await rm(home, { recursive: true, force: true });
}
