import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { toAppError } from '../../errors.ts';
import { CONTAINER_ID_PATTERN } from '../../lib/ids.ts';
import { mountsUnder } from '../disks/disk.ts';
import type { HostParts } from './parts.ts';

/** Ids of everything this installation owns: containers with its label, directories and mounts. Each source alone is enough. */
export async function ownedContainers(parts: HostParts): Promise<string[]> {
  const { paths } = parts;
  const [directories, mounts] = await Promise.all([
    readdir(paths.base).catch(() => []),
    mountsUnder(paths.base).then((points) =>
      points.map((point) => path.relative(paths.base, point).split('/')[0] ?? ''),
    ),
  ]);
  const onHost = [...directories, ...mounts];
  const found = [...onHost, ...(await inEngine(parts, onHost.length > 0))];
  return [...new Set(found)].filter((id) => CONTAINER_ID_PATTERN.test(id)).toSorted();
}

/** Where an engine is installed and not running, and nothing on this host is ours, there is nothing to worry about. */
async function inEngine({ client, names, log }: HostParts, ownsSomething: boolean): Promise<string[]> {
  if (client === null) return [];
  try {
    return (await client.list(names.label)).flatMap((name) => names.containerId(name) ?? []);
  } catch (error) {
    log[ownsSomething ? 'warn' : 'info'](
      { error: toAppError(error).message },
      'the engine cannot list its containers; going by the files of this host',
    );
    return [];
  }
}
