import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  createDisk,
  diskUsage,
  freeLoopsOf,
  loopDevicesUnder,
  mountDisk,
  mountOverlay,
  mountsUnder,
  unmount,
  unmountDisk,
} from '../../src/sandboxes/disks/disk.ts';

const { signal } = new AbortController();
let directory: string;
let imagePath: string;
let mountPoint: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'airlock-disks-'));
  imagePath = path.join(directory, 'disk.img');
  mountPoint = path.join(directory, 'disk');
});
afterEach(async () => {
  for (const point of await mountsUnder(directory)) await unmount(point);
  await freeLoopsOf(imagePath);
  await rm(directory, { recursive: true, force: true });
});

it('ends a flood at the disk limit with ENOSPC and gives mount and loop device back', async () => {
  await createDisk({ imagePath, sizeMb: 32 }, signal);
  await mountDisk({ imagePath, mountPoint });
  expect(await mountsUnder(directory)).toEqual([mountPoint]);
  expect(await loopDevicesUnder(directory)).toHaveLength(1);
  await expect(
    writeFile(path.join(mountPoint, 'flood'), Buffer.alloc(64 * 1024 * 1024)),
  ).rejects.toMatchObject({
    code: 'ENOSPC',
  });
  const usage = await diskUsage(mountPoint);
  expect(usage.totalBytes).toBeLessThanOrEqual(32 * 1024 * 1024);
  // Some blocks stay set aside for the file system's own needs.
  expect(usage.availableBytes).toBeLessThan(1024 * 1024);
  await unmountDisk(mountPoint);
  await unmountDisk(mountPoint);
  expect(await mountsUnder(directory)).toEqual([]);
  expect(await loopDevicesUnder(directory)).toEqual([]);
});

it('keeps writes of an overlay on the disk and the shared layer untouched', async () => {
  const [lower, target] = [path.join(directory, 'lower'), path.join(directory, 'target')];
  await mkdir(lower);
  await mkdir(target);
  await writeFile(path.join(lower, 'shared'), 'original');
  await createDisk({ imagePath, sizeMb: 32 }, signal);
  await mountDisk({ imagePath, mountPoint });
  const [upper, work] = [path.join(mountPoint, 'upper'), path.join(mountPoint, 'work')];
  await mkdir(upper);
  await mkdir(work);
  await mountOverlay({ lower, upper, work, target });
  await writeFile(path.join(target, 'shared'), 'changed');
  expect(await mountsUnder(directory)).toEqual([target, mountPoint]);
  await unmount(target);
  expect(await readFile(path.join(lower, 'shared'), 'utf8')).toBe('original');
  expect(await readFile(path.join(upper, 'shared'), 'utf8')).toBe('changed');
});

it('mounts without set-id programs and device files', async () => {
  await createDisk({ imagePath, sizeMb: 32 }, signal);
  await mountDisk({ imagePath, mountPoint });
  const device = path.join(mountPoint, 'null');
  execFileSync('mknod', ['-m', '666', device, 'c', '1', '3']);
  await expect(readFile(device)).rejects.toMatchObject({ code: 'EACCES' });
  const options = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .find((line) => line.includes(mountPoint));
  expect(options).toContain('nosuid');
});

it('waits for a process that is about to leave the mount point', async () => {
  await createDisk({ imagePath, sizeMb: 32 }, signal);
  await mountDisk({ imagePath, mountPoint });
  const user = spawn('sleep', ['60'], { cwd: mountPoint, stdio: 'ignore' });
  await once(user, 'spawn');
  const unmounted = unmountDisk(mountPoint);
  user.kill('SIGKILL');
  await unmounted;
  expect(await mountsUnder(directory)).toEqual([]);
  expect(await loopDevicesUnder(directory)).toEqual([]);
});

it('undoes a mount that fails', async () => {
  await writeFile(imagePath, Buffer.alloc(1024 * 1024));
  await expect(mountDisk({ imagePath, mountPoint })).rejects.toMatchObject({ code: 'CREATE_FAILED' });
  expect(await mountsUnder(directory)).toEqual([]);
  expect(await loopDevicesUnder(directory)).toEqual([]);
});

it('finds and frees the loop device of a deleted image', async () => {
  await createDisk({ imagePath, sizeMb: 32 }, signal);
  const device = execFileSync('losetup', ['--find', '--show', imagePath], { encoding: 'utf8' }).trim();
  await rm(imagePath);
  expect(await loopDevicesUnder(directory)).toEqual([device]);
  await freeLoopsOf(imagePath);
  expect(await loopDevicesUnder(directory)).toEqual([]);
  expect(await readdir(directory)).toEqual([]);
});
