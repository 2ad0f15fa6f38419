import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { CONTAINER_ID_PATTERN } from '../../lib/ids.ts';
import { mountsUnder } from '../disks/disk.ts';
import { runtimeProcesses } from './runtime-processes.ts';
import type { RemoveParts } from './remove.ts';

/**
 * Ids of everything this installation owns: runsc's records, processes without one, cgroups, mounts and directories.
 * Each source alone is enough, because a crash can leave any of them behind. A network outlives its container's directory
 * never: that is removed after it.
 */
export async function ownedContainers(parts: RemoveParts): Promise<string[]> {
  const { paths, cgroups, client, log } = parts;
  const found = await Promise.all([
    // A hung sandbox can hold the lock that runsc's list waits for: then its files name it.
    client === null
      ? []
      : client.list().then(
          (states) => states.map((state) => state.id),
          (error: unknown) => {
            log.warn({ error: String(error) }, 'runsc list failed; going by its files');
            return [];
          },
        ),
    readdir(paths.runscRoot).then(
      (names) => names.map((name) => /^(?:runsc-)?([a-z0-9]+)/.exec(name)?.[1] ?? ''),
      () => [],
    ),
    readdir(paths.base).catch(() => []),
    runtimeProcesses(paths).then((processes) => processes.map((process) => process.containerId)),
    mountsUnder(paths.base).then((points) =>
      points.map((point) => path.relative(paths.base, point).split('/')[0] ?? ''),
    ),
    cgroups.list(),
  ]);
  return [...new Set(found.flat())].filter((id) => CONTAINER_ID_PATTERN.test(id)).toSorted();
}
