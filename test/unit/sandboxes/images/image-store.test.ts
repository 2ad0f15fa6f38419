import { execFileSync } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../../src/lib/logger.ts';
import {
  createImageStore,
  type ImageStore,
  type ImageStoreOptions,
} from '../../../../src/sandboxes/images/image-store.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'airlock-images-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

function storeWith(
  options: Partial<ImageStoreOptions> = {},
  dataDir = path.join(directory, 'data'),
): ImageStore {
  return createImageStore({ dataDir, images: {}, defaultImage: 'busybox', log: silentLogger, ...options });
}

async function makeTree(name: string): Promise<string> {
  const tree = path.join(directory, name);
  await mkdir(path.join(tree, 'bin'), { recursive: true });
  await mkdir(path.join(tree, 'etc'));
  await writeFile(path.join(tree, 'bin/tool'), 'tool\n');
  await chmod(path.join(tree, 'bin/tool'), 0o755);
  await symlink('/bin/tool', path.join(tree, 'bin/alias'));
  return tree;
}

describe('the built-in image', () => {
  it('has the programs of busybox, the three users, and the places sandboxes mount over', async () => {
    const image = await storeWith().resolve();
    expect(image.name).toBe('busybox');
    expect(image.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(image.rootfs).toBe(path.join(directory, 'data/images', image.digest.slice(7), 'rootfs'));
    expect(await readlink(path.join(image.rootfs, 'bin/sh'))).toBe('/bin/busybox');
    const passwd = await readFile(path.join(image.rootfs, 'etc/passwd'), 'utf8');
    expect(passwd).toMatch(/^root:x:0:0:/m);
    expect(passwd).toMatch(/^init:x:65533:65533:/m);
    expect(passwd).toMatch(/^nobody:x:65534:65534:/m);
    for (const place of ['proc', 'sys', 'dev', 'tmp', 'workspace', '.airlock']) {
      expect((await lstat(path.join(image.rootfs, place))).isDirectory()).toBe(true);
    }
    expect((await lstat(path.join(image.rootfs, 'tmp'))).mode & 0o7777).toBe(0o1777);
    expect(await readFile(path.join(image.rootfs, 'etc/hosts'), 'utf8')).toContain('localhost');
  });

  it('has the same digest in every installation', async () => {
    const first = await storeWith({}, path.join(directory, 'one')).resolve();
    const second = await storeWith({}, path.join(directory, 'two')).resolve();
    expect(second.digest).toBe(first.digest);
    expect(second.rootfs).not.toBe(first.rootfs);
  });

  it('is unpacked once when many ask at the same time, in one process and in two', async () => {
    const [one, two] = [storeWith(), storeWith()];
    const images = await Promise.all([one, one, two, two, one].map((store) => store.resolve()));
    expect(new Set(images.map((image) => image.rootfs)).size).toBe(1);
    const entries = await readdir(path.join(directory, 'data/images'));
    expect(new Set(entries)).toEqual(new Set([images[0]?.digest.slice(7), 'sources']));
  });

  it('is not unpacked again after a restart', async () => {
    const first = await storeWith().resolve();
    const before = await lstat(first.rootfs);
    const second = await storeWith().resolve();
    expect(second).toEqual(first);
    expect((await lstat(second.rootfs)).ctimeMs).toBe(before.ctimeMs);
  });
});

describe('an image of airlock.yaml', () => {
  it('comes from a directory or from a tar file of it, with one digest', async () => {
    const tree = await makeTree('tree');
    const tar = path.join(directory, 'tree.tar.gz');
    execFileSync('tar', ['-czf', tar, '-C', tree, '.']);
    const store = storeWith({
      images: { tree: { rootfs: tree }, tarred: { rootfs: tar } },
      defaultImage: 'tree',
    });
    const [fromTree, fromTar] = [await store.resolve(), await store.resolve('tarred')];
    expect(fromTree.name).toBe('tree');
    expect(fromTar.name).toBe('tarred');
    expect(fromTar.digest).toBe(fromTree.digest);
    expect(await readFile(path.join(fromTar.rootfs, 'bin/tool'), 'utf8')).toBe('tool\n');
    expect(await readlink(path.join(fromTar.rootfs, 'bin/alias'))).toBe('/bin/tool');
  });

  it('is unpacked anew when its source changes, and the old one stays for who was promised it', async () => {
    const tree = await makeTree('tree');
    const store = storeWith({ images: { tree: { rootfs: tree } } });
    const before = await store.resolve('tree');
    await writeFile(path.join(tree, 'bin/tool'), 'newer tool\n');
    const after = await store.resolve('tree');
    expect(after.digest).not.toBe(before.digest);
    const kept = await store.byDigest(before.digest);
    expect(await readFile(path.join(kept.rootfs, 'bin/tool'), 'utf8')).toBe('tool\n');
  });

  it('never follows its own links out of the tree', async () => {
    const outside = path.join(directory, 'outside');
    await mkdir(outside);
    const tree = await makeTree('tree');
    await rm(path.join(tree, 'etc'), { recursive: true });
    await symlink(outside, path.join(tree, 'etc'));
    const store = storeWith({ images: { tree: { rootfs: tree } } });
    await expect(store.resolve('tree')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'image tree: /etc is not a directory',
    });
    expect(await readdir(outside)).toEqual([]);
    expect(await readdir(path.join(directory, 'data/images'))).toEqual(['sources']);
  });

  it('has a resolv.conf of its own where the source has a link to the host', async () => {
    const tree = await makeTree('tree');
    await symlink('/run/stub-resolv.conf', path.join(tree, 'etc/resolv.conf'));
    const image = await storeWith({ images: { tree: { rootfs: tree } } }).resolve('tree');
    expect((await lstat(path.join(image.rootfs, 'etc/resolv.conf'))).isFile()).toBe(true);
  });

  it('is refused when it is missing or no archive, and nothing is left behind', async () => {
    const garbage = path.join(directory, 'garbage.tar');
    await writeFile(garbage, 'this is no archive');
    const store = storeWith({
      images: { gone: { rootfs: '/nowhere/at/all' }, garbage: { rootfs: garbage } },
    });
    await expect(store.resolve('gone')).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
    await expect(store.resolve('garbage')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(await readdir(path.join(directory, 'data/images'))).toEqual(['sources']);
  });
});

it('refuses an unknown image and names those there are', async () => {
  await expect(storeWith().resolve('debian')).rejects.toMatchObject({
    code: 'IMAGE_NOT_FOUND',
    message: 'no image "debian": there is busybox',
  });
  await expect(storeWith().resolve('constructor')).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
  await expect(storeWith().byDigest('sha256:../../etc')).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
});

it('lists the default first and says which images are unpacked', async () => {
  const tree = await makeTree('tree');
  const store = storeWith({
    images: { tree: { rootfs: tree }, gone: { rootfs: '/nowhere' } },
    defaultImage: 'tree',
  });
  const { digest } = await store.resolve('tree');
  expect(await store.list()).toEqual([
    { name: 'tree', digest },
    { name: 'busybox', digest: null },
    { name: 'gone', digest: null },
  ]);
});

it('takes away what a process that is gone left half-unpacked, and spares the living', async () => {
  const images = path.join(directory, 'data/images');
  // A pid above the kernel's maximum is never alive; pid 1 always is.
  await mkdir(path.join(images, '.partial-4194999-1700000000000-x/rootfs'), { recursive: true });
  await mkdir(path.join(images, `.partial-${process.pid}-1-x`));
  await mkdir(path.join(images, '.partial-1-1700000000000-x'));
  await storeWith().resolve();
  const partial = (await readdir(images)).filter((entry) => entry.startsWith('.partial'));
  expect(partial).toEqual(['.partial-1-1700000000000-x']);
});
