import { mkdir, open, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../errors.ts';
import { run, runError } from '../../lib/run.ts';
import { freeLoopDevice, listLoopDevices, listMounts, mount, unmount } from './mounts.ts';

export { loopDevicesUnder, mountsUnder, unmount } from './mounts.ts';

const MEBIBYTE = 1024 * 1024;
/** Left free on the host for the database, outputs and logs, whatever the sandboxes write. */
export const HOST_RESERVE_MB = 256;
const MKFS_TIMEOUT_MS = 60_000;

export interface DiskOptions {
  /** Absolute path of the image file. */
  imagePath: string;
  /** MiB. */
  sizeMb: number;
}

/**
 * Makes a sparse file with an empty ext4: nothing reserved for root, no journal (the disk lives no longer than its
 * sandbox), inode tables known to be zero so that nothing is initialised later. Throws DISK_FULL before anything is made when the host could
 * not keep this disk and all others that are in use full; undoes everything on a failure or abort.
 */
export async function createDisk(options: DiskOptions, signal: AbortSignal): Promise<void> {
  await requireHostSpace(options);
  const { imagePath, sizeMb } = options;
  try {
    await using file = await open(imagePath, 'wx', 0o600);
    await file.truncate(sizeMb * MEBIBYTE);
  } catch (error) {
    // `wx` made nothing when the name was taken; then it is not ours to remove.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST'))
      await rm(imagePath, { force: true });
    throw diskError(imagePath, error instanceof Error ? error.message : String(error), error);
  }
  const made = await run({
    file: 'mkfs.ext4',
    args: ['-q', '-F', '-m', '0', '-O', '^has_journal', '-E', 'lazy_itable_init=0,root_owner=0:0', imagePath],
    timeoutMs: MKFS_TIMEOUT_MS,
    signal,
  });
  // It may have ended well before it heard of the cancel.
  const cancelled = made.cancelled || signal.aborted;
  if (made.exitCode === 0 && !cancelled) return;
  await rm(imagePath, { force: true });
  const error = runError({ ...made, cancelled });
  throw error.code === 'CANCELLED' ? error : diskError(imagePath, error.message, error);
}

/** Mounts a disk on a loop device (made for it, freed with it): no set-id, no device files. Makes the mount point. */
export async function mountDisk(options: { imagePath: string; mountPoint: string }): Promise<void> {
  await mkdir(options.mountPoint, { recursive: true });
  // barrier=0: a sandbox that calls sync in a loop must not make the host's disk flush.
  const mountOptions = 'loop,nosuid,nodev,noatime,barrier=0';
  try {
    await mount(
      ['-t', 'ext4', '-o', mountOptions, '--', options.imagePath, options.mountPoint],
      options.imagePath,
    );
  } catch (error) {
    await unmount(options.mountPoint);
    await freeLoopsOf(options.imagePath);
    throw error;
  }
}

/** Unmounts it, frees its loop device and looks again. Idempotent. Throws CLEANUP_FAILED. */
export async function unmountDisk(mountPoint: string): Promise<void> {
  const point = path.resolve(mountPoint);
  const devices = (await listMounts())
    .filter((mounted) => mounted.mountPoint === point)
    .map((mounted) => mounted.source);
  const loops = (await listLoopDevices()).filter((loop) => devices.includes(loop.device));
  await unmount(point);
  for (const loop of loops) await freeLoopDevice(loop.device, loop.file);
}

/** Frees loop devices of an image that is not mounted (a mount that was killed half-way). Idempotent. */
export async function freeLoopsOf(imagePath: string): Promise<void> {
  const file = path.resolve(imagePath);
  for (const loop of await listLoopDevices()) {
    if (loop.file === file) await freeLoopDevice(loop.device, loop.file);
  }
}

/** Bytes of the file system mounted there. */
export async function diskUsage(
  mountPoint: string,
): Promise<{ totalBytes: number; usedBytes: number; availableBytes: number }> {
  const stats = await statfs(mountPoint);
  return {
    totalBytes: stats.blocks * stats.bsize,
    usedBytes: (stats.blocks - stats.bfree) * stats.bsize,
    availableBytes: stats.bavail * stats.bsize,
  };
}

export interface OverlayOptions {
  /** Shared, never written. */
  lower: string;
  /** On one file system with `work`. */
  upper: string;
  work: string;
  target: string;
}

/** Mounts an overlay: no set-id, no device files. Throws CREATE_FAILED, and nothing is mounted then. */
export async function mountOverlay(options: OverlayOptions): Promise<void> {
  const { lower, upper, work, target } = options;
  const odd = [lower, upper, work].find((directory) => /[,:\\"\n]/.test(directory));
  if (odd !== undefined) {
    throw new AppError('DATA_DIR_UNUSABLE', `an overlay cannot be mounted from ${JSON.stringify(odd)}`, {
      hint: 'choose an AIRLOCK_DATA_DIR without comma, colon, quote and backslash in its path',
    });
  }
  const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  await mount(['-t', 'overlay', '-o', `nosuid,nodev,${layers}`, '--', 'overlay', target], target);
}

/** What all disks in use on the same file system may still grow by counts as taken: they are sparse. */
async function requireHostSpace(options: DiskOptions): Promise<void> {
  const directory = path.dirname(options.imagePath);
  const host = await statfs(directory);
  const { dev } = await stat(directory);
  const promised = await Promise.all(
    (await listLoopDevices()).map(async ({ file }) => {
      const stats = await stat(file).catch(() => null);
      return stats === null || stats.dev !== dev ? 0 : Math.max(0, stats.size - stats.blocks * 512);
    }),
  );
  const freeMb = Math.floor((host.bavail * host.bsize) / MEBIBYTE);
  const promisedMb = Math.ceil(promised.reduce((sum, bytes) => sum + bytes, 0) / MEBIBYTE);
  if (freeMb - promisedMb - HOST_RESERVE_MB >= options.sizeMb) return;
  throw new AppError(
    'DISK_FULL',
    `no room for a disk of ${options.sizeMb} MiB: ${freeMb} MiB are free in ${directory}, of which ` +
      `${promisedMb} MiB are promised to running agents and ${HOST_RESERVE_MB} MiB stay reserved`,
    { hint: 'ask for a smaller --disk, stop an agent, or move AIRLOCK_DATA_DIR to a larger disk' },
  );
}

function diskError(imagePath: string, reason: string, cause: unknown): AppError {
  const full = /ENOSPC|No space left/.test(reason);
  return new AppError(full ? 'DISK_FULL' : 'CREATE_FAILED', `cannot make the disk ${imagePath}: ${reason}`, {
    hint: full
      ? 'free space on that disk or move AIRLOCK_DATA_DIR'
      : 'run `npm run airlock -- doctor`: it shows whether this host can make disks (e2fsprogs)',
    cause,
  });
}
