import { chmod, chown, mkdir } from 'node:fs/promises';
import { COMMAND_USER } from '../exec/request.ts';
import { createDisk, mountDisk } from './disk.ts';

/** Where the disk of one agent lies. */
export interface AgentDiskPaths {
  /** The sparse file behind it. */
  diskImage: string;
  /** Where it is mounted; `workspace` and `tmp` lie in it. */
  disk: string;
  workspace: string;
  tmp: string;
}

/**
 * One ext4 for all that an agent can write, so that the limit is one and a full disk is ENOSPC for all; with `/workspace`
 * for the commands' user and `/tmp` for everybody. Whoever called it takes it away on failure.
 */
export async function makeAgentDisk(
  place: AgentDiskPaths,
  diskMb: number,
  signal: AbortSignal,
): Promise<void> {
  await createDisk({ imagePath: place.diskImage, sizeMb: diskMb }, signal);
  await mountDisk({ imagePath: place.diskImage, mountPoint: place.disk });
  await Promise.all([
    mkdir(place.workspace, { mode: 0o755 }).then(() =>
      chown(place.workspace, COMMAND_USER.uid, COMMAND_USER.gid),
    ),
    // mkdir's mode passes the umask; the sticky bit and the write bits must not.
    mkdir(place.tmp).then(() => chmod(place.tmp, 0o1777)),
  ]);
}
