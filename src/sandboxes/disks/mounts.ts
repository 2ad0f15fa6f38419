import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../errors.ts';
import { run, runError } from '../../lib/run.ts';

/** One line of /proc/self/mountinfo. */
export interface Mount {
  mountPoint: string;
  fileSystem: string;
  /** What is mounted: `/dev/loop3`, `overlay`. */
  source: string;
  /** What is mounted or unmounted on it is so in copies of this namespace too. */
  shared: boolean;
}

const MOUNT_TIMEOUT_MS = 20_000;
/** A mount point may stay busy for a moment after the last process in it was killed. */
const BUSY_TRIES = 40;
const BUSY_WAIT_MS = 50;

/** All mounts of this process's namespace, in the order they were made. */
export async function listMounts(): Promise<Mount[]> {
  return parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'));
}

/** The kernel writes space, tab, newline and backslash as octal escapes. */
export function parseMountInfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [head, tail] = line.split(' - ');
    const [, , , , mountPoint, , ...optional] = head?.split(' ') ?? [];
    const [fileSystem, source] = tail?.split(' ') ?? [];
    if (mountPoint === undefined || fileSystem === undefined || source === undefined) return [];
    const shared = optional.some((field) => field.startsWith('shared:'));
    return [{ mountPoint: unescape(mountPoint), fileSystem, source: unescape(source), shared }];
  });
}

/** Mount points at or below a directory, the last made first, so that unmounting in this order works. */
export async function mountsUnder(directory: string): Promise<string[]> {
  const root = path.resolve(directory);
  return (await listMounts())
    .map((mount) => mount.mountPoint)
    .filter((point) => point === root || point.startsWith(`${root}/`))
    .toReversed();
}

/** Loop devices whose file lies below a directory (deleted files too). */
export async function loopDevicesUnder(directory: string): Promise<string[]> {
  const root = `${path.resolve(directory)}/`;
  return (await listLoopDevices()).filter((loop) => loop.file.startsWith(root)).map((loop) => loop.device);
}

/** Loop devices in use and their files, without the kernel's mark of a deleted file. */
export async function listLoopDevices(): Promise<{ device: string; file: string }[]> {
  const names = (await readdir('/sys/block').catch(() => [])).filter((name) => name.startsWith('loop'));
  const loops = await Promise.all(
    names.map(async (name) => {
      const file = await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => null);
      return file === null
        ? []
        : [{ device: `/dev/${name}`, file: file.trimEnd().replace(/ \(deleted\)$/, '') }];
    }),
  );
  return loops.flat();
}

/** Runs mount(8). Throws CREATE_FAILED with what it said. */
export async function mount(args: readonly string[], what: string): Promise<void> {
  const result = await run({ file: 'mount', args, timeoutMs: MOUNT_TIMEOUT_MS });
  if (result.exitCode === 0) return;
  throw new AppError('CREATE_FAILED', `cannot mount ${what}: ${runError(result).message}`, {
    hint: 'run `npm run airlock -- doctor`: it shows whether this host can mount',
    context: { command: result.command, stderr: result.stderr },
  });
}

/**
 * Unmounts everything mounted at a path and looks again; nothing mounted there is success. Waits up to 2 s for a busy
 * one, then throws CLEANUP_FAILED: a lazy unmount would only hide who still uses it.
 */
export async function unmount(target: string): Promise<void> {
  const point = path.resolve(target);
  for (let tries = 1; await isMounted(point); tries += 1) {
    const result = await run({ file: 'umount', args: ['--', point], timeoutMs: MOUNT_TIMEOUT_MS });
    if (result.exitCode === 0) continue;
    if (tries >= BUSY_TRIES) {
      throw new AppError('CLEANUP_FAILED', `cannot unmount ${point}: ${runError(result).message}`, {
        hint: `find who uses it with: fuser -vm ${point}`,
        context: { stderr: result.stderr },
      });
    }
    await wait(BUSY_WAIT_MS);
  }
}

/**
 * Sees to it that what is unmounted below the directory goes from copies of this namespace too: another's would keep it, and
 * its loop device, busy. Where the file system is not shared already, the directory becomes a mount of its own.
 */
export async function shareUnmounts(directory: string): Promise<void> {
  const point = path.resolve(directory);
  const above = (await listMounts()).filter(
    ({ mountPoint }) => mountPoint === '/' || point === mountPoint || point.startsWith(`${mountPoint}/`),
  );
  const innermost = above.toSorted((a, b) => a.mountPoint.length - b.mountPoint.length).at(-1);
  if (innermost?.shared === true) return;
  await mount(['--bind', '--make-shared', '--', point, point], point);
}

/** Frees a loop device that still has this file; one that was given to another file since is left alone. */
export async function freeLoopDevice(device: string, file: string): Promise<void> {
  for (let tries = 1; await holds(device, file); tries += 1) {
    // Unmounting usually frees it (autoclear); a mount that was killed half-way leaves it.
    const result = await run({ file: 'losetup', args: ['--detach', device], timeoutMs: MOUNT_TIMEOUT_MS });
    if (!(await holds(device, file))) return;
    if (tries >= BUSY_TRIES) {
      throw new AppError('CLEANUP_FAILED', `cannot free ${device} of ${file}: ${result.stderr.trim()}`, {
        hint: `free it with: losetup --detach ${device}`,
      });
    }
    await wait(BUSY_WAIT_MS);
  }
}

async function holds(device: string, file: string): Promise<boolean> {
  return (await listLoopDevices()).some((loop) => loop.device === device && loop.file === file);
}

async function isMounted(point: string): Promise<boolean> {
  return (await listMounts()).some((mounted) => mounted.mountPoint === point);
}

function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function wait(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}
