import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDisk, mountOverlay, unmountDisk } from '../../../../src/sandboxes/disks/disk.ts';

const { signal } = new AbortController();
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'airlock-disk-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

it('makes a sparse file with an ext4 of the asked size', async () => {
  const imagePath = path.join(directory, 'disk.img');
  await createDisk({ imagePath, sizeMb: 64 }, signal);
  const stats = await stat(imagePath);
  expect(stats.size).toBe(64 * 1024 * 1024);
  expect(stats.blocks * 512).toBeLessThan(8 * 1024 * 1024);
  // The magic number of ext4 in its superblock.
  expect((await readFile(imagePath)).readUInt16LE(1024 + 56)).toBe(0xef53);
});

it('refuses a disk that the host could not keep full, before anything is made', async () => {
  const imagePath = path.join(directory, 'disk.img');
  await expect(createDisk({ imagePath, sizeMb: 1_000_000_000 }, signal)).rejects.toMatchObject({
    code: 'DISK_FULL',
    message: expect.stringMatching(
      /^no room for a disk of 1000000000 MiB: \d+ MiB are free in .*256 MiB stay reserved$/,
    ),
    hint: expect.stringContaining('--disk'),
  });
  expect(await readdir(directory)).toEqual([]);
});

it('never overwrites or removes a file that is there', async () => {
  const imagePath = path.join(directory, 'disk.img');
  await writeFile(imagePath, 'precious');
  await expect(createDisk({ imagePath, sizeMb: 64 }, signal)).rejects.toMatchObject({
    code: 'CREATE_FAILED',
  });
  expect(await readFile(imagePath, 'utf8')).toBe('precious');
});

it('leaves nothing when it is cancelled or the size cannot hold a file system', async () => {
  const cancelled = createDisk({ imagePath: path.join(directory, 'a.img'), sizeMb: 64 }, AbortSignal.abort());
  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
  const controller = new AbortController();
  const running = createDisk({ imagePath: path.join(directory, 'b.img'), sizeMb: 64 }, controller.signal);
  controller.abort();
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  const tiny = createDisk({ imagePath: path.join(directory, 'c.img'), sizeMb: 0 }, signal);
  await expect(tiny).rejects.toMatchObject({ code: 'CREATE_FAILED' });
  expect(await readdir(directory)).toEqual([]);
});

it('refuses to build an overlay from paths that mount options cannot say', async () => {
  const odd = { lower: '/a,b', upper: '/u', work: '/w', target: '/t' };
  await expect(mountOverlay(odd)).rejects.toMatchObject({ code: 'DATA_DIR_UNUSABLE' });
});

it('takes unmounting what is not mounted for success', async () => {
  await mkdir(path.join(directory, 'm'));
  await expect(unmountDisk(path.join(directory, 'm'))).resolves.toBeUndefined();
  await expect(unmountDisk(path.join(directory, 'never-made'))).resolves.toBeUndefined();
});
