import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { removePlace } from '../container-place.ts';
import { freeLoopsOf, loopDevicesUnder, mountsUnder, unmount, unmountDisk } from '../disks/disk.ts';
import { killProcesses, processesNaming, waitUntilGone } from '../host-processes.ts';
import { concludeRemoval, removalSteps } from '../removal.ts';
import type { RemovalEvidence } from '../sandbox.ts';
import type { HostParts } from './parts.ts';
import { readRecord } from './record.ts';

/** A shim ends some 100 ms after its container; a virtual machine monitor gives its memory back first. */
const ENDING_TIMEOUT_MS = 5000;

/**
 * Takes everything of one container away: the engine's container, what it left running, network, mounts, directory. Every
 * step runs, whatever the ones before it said; then it looks again. What is not there is success. Throws CLEANUP_FAILED.
 */
export async function removeKataSandbox(parts: HostParts, containerId: string): Promise<RemovalEvidence> {
  const { client, networks, names } = parts;
  const place = parts.paths.container(containerId);
  const name = names.container(containerId);
  const networked = existsSync(place.resolvConf);
  const { failures, step } = removalSteps();
  let engineId = (await readRecord(place))?.engineId ?? null;

  // Whoever sees the end from now on knows that it was asked for.
  if (existsSync(place.home)) await step(() => writeFile(place.stopMark, ''));
  if (client !== null) {
    await step(async () => {
      const found = await client.inspect(name);
      engineId ??= found?.engineId ?? null;
      // A frozen one does not hear its KILL.
      if (found?.status === 'paused') await client.unpause(name);
      if (found !== null) await client.remove(name);
    });
  }
  await step(() => endLeftBehind(engineId));
  if (networked) await step(async () => networks?.remove(containerId));
  await step(() => unmountDisk(place.disk));
  for (const point of await mountsUnder(place.home)) await step(() => unmount(point));
  await step(() => freeLoopsOf(place.diskImage));
  await step(async () => {
    // Below a mount that stayed lies what is not ours to delete; and by the directory is found what stayed.
    const evidence = await lookAgain(parts, containerId, engineId);
    const { directories: _home, ...rest } = evidence;
    const containers = evidence.directories.filter((one) => one !== place.home);
    if ([...Object.values(rest).flat(), ...containers].length > 0) return;
    await removePlace(place);
  });
  return concludeRemoval(parts.log, containerId, await lookAgain(parts, containerId, engineId), failures);
}

/** What of one container is on this host now. Throws where the engine does not answer. */
export async function lookAgain(
  { client, networks, names, paths }: HostParts,
  containerId: string,
  engineId: string | null,
): Promise<RemovalEvidence> {
  const place = paths.container(containerId);
  const name = names.container(containerId);
  const [processes, mounts, loops, container, left] = await Promise.all([
    engineId === null ? [] : processesNaming(engineId),
    mountsUnder(place.home),
    loopDevicesUnder(place.home),
    client?.inspect(name) ?? null,
    existsSync(place.resolvConf) ? (networks?.left(containerId) ?? []) : [],
  ]);
  return {
    processes: processes.map((one) => `${one.name} ${one.pid}`),
    mounts: [...mounts, ...loops],
    cgroups: [],
    directories: [
      ...(existsSync(place.home) ? [place.home] : []),
      ...(container === null ? [] : [`container ${name}`]),
    ],
    networks: left,
  };
}

/** A shim or a monitor that outlives its container: an engine that was killed half-way leaves one. */
async function endLeftBehind(engineId: string | null): Promise<void> {
  if (engineId === null) return;
  const processes = await processesNaming(engineId);
  if (processes.length === 0 || (await waitUntilGone(processes, ENDING_TIMEOUT_MS))) return;
  await killProcesses(processes);
  await waitUntilGone(processes, ENDING_TIMEOUT_MS);
}
