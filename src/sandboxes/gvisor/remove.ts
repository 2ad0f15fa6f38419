import { existsSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '../../lib/logger.ts';
import type { Cgroups } from '../cgroups.ts';
import { removePlace } from '../container-place.ts';
import { freeLoopsOf, loopDevicesUnder, mountsUnder, unmount, unmountDisk } from '../disks/disk.ts';
import type { Networks } from '../networks/network.ts';
import { concludeRemoval, removalSteps } from '../removal.ts';
import type { RemovalEvidence } from '../sandbox.ts';
import { killProcesses, waitUntilGone } from '../host-processes.ts';
import { runtimeProcesses } from './runtime-processes.ts';
import type { GvisorPaths } from './paths.ts';
import type { RunscClient } from './runsc-cli.ts';

export interface RemoveParts {
  paths: GvisorPaths;
  cgroups: Cgroups;
  networks: Networks;
  /** Null where there is no runsc (any more); the rest is removed all the same. */
  client: RunscClient | null;
  log: Logger;
}

/** A killed sentry of a few gigabytes gives its memory back first. */
const KILLED_TIMEOUT_MS = 5000;

/**
 * Takes everything of one container away: processes, runsc's record, network, cgroup, mounts, directory. Every step
 * runs, whatever the ones before it said; then it looks again. What is not there is success. Throws CLEANUP_FAILED.
 */
export async function removeSandbox(parts: RemoveParts, containerId: string): Promise<RemovalEvidence> {
  const { paths, cgroups, networks, client } = parts;
  const place = paths.container(containerId);
  const networked = existsSync(place.resolvConf);
  const { failures, step } = removalSteps();

  // Whoever sees the end from now on knows that it was asked for.
  if (existsSync(place.home)) await step(() => writeFile(place.stopMark, ''));
  await step(() => killAll(paths, containerId));
  if ((await recordFiles(paths, containerId)).length > 0) await step(async () => client?.delete(containerId));
  await step(() => forget(paths, containerId));
  if (networked) await step(() => networks.remove(containerId));
  await step(() => cgroups.remove(containerId));
  await step(() => unmount(place.rootfs));
  await step(() => unmountDisk(place.disk));
  for (const point of await mountsUnder(place.home)) await step(() => unmount(point));
  await step(() => freeLoopsOf(place.diskImage));
  await step(async () => {
    // Below a mount that stayed lies what is not ours to delete; and the directory is what a network is found by.
    const keep = [...(await mountsUnder(place.home)), ...(networked ? await networks.left(containerId) : [])];
    if (keep.length === 0) await removePlace(place);
  });

  return concludeRemoval(parts.log, containerId, await lookAgain(parts, containerId), failures);
}

/** What of one container is on this host now. */
export async function lookAgain(parts: RemoveParts, containerId: string): Promise<RemovalEvidence> {
  const { paths, cgroups, networks } = parts;
  const { home } = paths.container(containerId);
  const noNetwork: string[] = [];
  const [processes, mounts, loops, groups, records, left] = await Promise.all([
    processesOf(paths, containerId),
    mountsUnder(home),
    loopDevicesUnder(home),
    cgroups.left(containerId),
    recordFiles(paths, containerId),
    existsSync(paths.container(containerId).resolvConf) ? networks.left(containerId) : noNetwork,
  ]);
  const homes = existsSync(home) ? [home] : [];
  return {
    processes: processes.map((process) => `${process.name} ${process.pid}`),
    mounts: [...mounts, ...loops],
    cgroups: groups,
    directories: [...homes, ...records],
    networks: left,
  };
}

async function killAll(paths: GvisorPaths, containerId: string): Promise<void> {
  const processes = await processesOf(paths, containerId);
  await killProcesses(processes);
  await waitUntilGone(processes, KILLED_TIMEOUT_MS);
}

/** A client that was killed leaves a lock without a state, or half a state, that delete does not take away. */
async function forget(paths: GvisorPaths, containerId: string): Promise<void> {
  // While a process is there, the record is what it is found by.
  if ((await processesOf(paths, containerId)).length > 0) return;
  for (const file of await recordFiles(paths, containerId)) await rm(file, { force: true });
}

async function processesOf(paths: GvisorPaths, containerId: string): ReturnType<typeof runtimeProcesses> {
  return (await runtimeProcesses(paths)).filter((process) => process.containerId === containerId);
}

/** runsc keeps `<id>_sandbox:<id>.state` and `.lock` in its root, current ones `runsc-<id>.sock` too. */
async function recordFiles(paths: GvisorPaths, containerId: string): Promise<string[]> {
  const names = await readdir(paths.runscRoot).catch(() => []);
  return names.filter((name) => name.includes(containerId)).map((name) => path.join(paths.runscRoot, name));
}
