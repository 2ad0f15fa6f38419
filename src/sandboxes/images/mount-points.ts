import { chmod, lstat, mkdir, readdir, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import path from 'node:path';
import { AppError } from '../../errors.ts';

/** What every sandbox mounts over; the image brings the places, so that the shared layer is never written for them. */
const DIRECTORIES = [
  { name: 'etc', mode: 0o755 },
  { name: 'proc', mode: 0o555 },
  { name: 'sys', mode: 0o555 },
  { name: 'dev', mode: 0o755 },
  { name: 'tmp', mode: 0o1777 },
  { name: 'workspace', mode: 0o1777 },
  { name: '.airlock', mode: 0o755 },
] as const;
const FILES = ['etc/hosts', 'etc/hostname', 'etc/resolv.conf'] as const;
/** Emptied: their content belongs to the host the image came from, and sandboxes get their own. */
const EMPTIED = ['proc', 'sys', 'dev'] as const;

/**
 * Makes the places the sandbox mounts over. Follows no link of the image (one to `/etc` would lead out of it): a link in
 * the place of a file is replaced, one in the place of a directory is refused.
 */
export async function addMountPoints(imageName: string, rootfs: string): Promise<void> {
  await chmod(rootfs, 0o755);
  for (const { name, mode } of DIRECTORIES) {
    const directory = path.join(rootfs, name);
    const stats = await lstatOrNull(directory);
    if (stats === null) await mkdir(directory);
    else if (!stats.isDirectory()) throw notADirectory(imageName, name);
    if (stats === null || name === 'tmp' || name === 'workspace') await chmod(directory, mode);
  }
  for (const name of EMPTIED) await emptyDirectory(path.join(rootfs, name));
  for (const name of FILES) {
    const file = path.join(rootfs, name);
    const stats = await lstatOrNull(file);
    if (stats?.isFile() === true) continue;
    if (stats !== null) await remove(file, stats);
    await writeFile(file, '', { mode: 0o644, flag: 'wx' });
  }
}

async function emptyDirectory(directory: string): Promise<void> {
  for (const entry of await readdir(directory)) {
    await rm(path.join(directory, entry), { recursive: true, force: true });
  }
}

async function remove(file: string, stats: Stats): Promise<void> {
  await (stats.isDirectory() ? rmdir(file) : unlink(file));
}

async function lstatOrNull(file: string): Promise<Stats | null> {
  try {
    return await lstat(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function notADirectory(imageName: string, name: string): AppError {
  return new AppError('CONFIG_INVALID', `image ${imageName}: /${name} is not a directory`, {
    hint: `make /${name} a directory in the image's root file system`,
  });
}
