import { chmod, copyFile, mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../errors.ts';
import { run, runError, runOrThrow } from '../../lib/run.ts';
import { findStaticBinary } from './static-binary.ts';
import { treeFingerprint } from './tree.ts';

/** Where a root file system comes from. */
export interface ImageSource {
  /** Changes when `unpack` may give another tree; cheap compared with unpacking. */
  fingerprint(): Promise<string>;
  /** Fills an empty directory. */
  unpack(directory: string): Promise<void>;
}

/** Raised with every change of what {@link busyboxSource} makes. */
const BUSYBOX_RECIPE = 1;
/** Copying or unpacking a large image on a slow disk. */
const UNPACK_TIMEOUT_MS = 10 * 60_000;
const LIST_TIMEOUT_MS = 10_000;

const ETC_FILES: Readonly<Record<string, string>> = {
  passwd: [
    'root:x:0:0:root:/root:/bin/sh',
    'init:x:65533:65533:init:/:/bin/false',
    'nobody:x:65534:65534:nobody:/workspace:/bin/sh',
    '',
  ].join('\n'),
  group: 'root:x:0:\ninit:x:65533:\nnobody:x:65534:\n',
  hosts: '127.0.0.1 localhost\n::1 localhost\n',
};

/** The built-in image: the host's static busybox and a link for each of its programs. */
export function busyboxSource(): ImageSource {
  const binary = async (): Promise<string> => {
    const found = await findStaticBinary(['busybox', 'busybox.static']);
    if (found !== null) return found;
    throw new AppError(
      'IMAGE_NOT_FOUND',
      'the built-in image needs a static busybox, and this host has none',
      {
        hint: 'install it: sudo apt-get install -y busybox-static',
      },
    );
  };
  return {
    fingerprint: async () => `busybox-${BUSYBOX_RECIPE}-${await treeFingerprint(await binary())}`,
    unpack: async (directory) => unpackBusybox(await binary(), directory),
  };
}

async function unpackBusybox(binary: string, directory: string): Promise<void> {
  const listed = await runOrThrow({ file: binary, args: ['--list-full'], timeoutMs: LIST_TIMEOUT_MS });
  const applets = listed.stdout.split('\n').filter((line) => /^[A-Za-z0-9_./[\]-]+$/.test(line));
  for (const folder of [
    'bin',
    'etc',
    'root',
    'var',
    ...new Set(applets.map((applet) => path.dirname(applet))),
  ]) {
    await mkdir(path.join(directory, folder), { recursive: true, mode: 0o755 });
  }
  await copyFile(binary, path.join(directory, 'bin/busybox'));
  await chmod(path.join(directory, 'bin/busybox'), 0o755);
  for (const applet of applets) {
    if (applet !== 'bin/busybox') await symlink('/bin/busybox', path.join(directory, applet));
  }
  for (const [name, content] of Object.entries(ETC_FILES)) {
    await writeFile(path.join(directory, 'etc', name), content, { mode: 0o644 });
  }
}

/** A directory or a tar archive (compressed or not) on this host, as `images` in airlock.yaml names it. */
export function hostSource(name: string, rootfs: string): ImageSource {
  return {
    fingerprint: async () => `host-${await treeFingerprint(await existing(name, rootfs))}`,
    unpack: async (directory) => {
      const { isDirectory } = await describe(name, rootfs);
      // -x: this file system only, never a /proc or a disk that happens to be mounted in it.
      const result = isDirectory
        ? await run({
            file: 'cp',
            args: ['-dRx', '--preserve=mode,ownership,timestamps,links', '--', `${rootfs}/.`, directory],
            timeoutMs: UNPACK_TIMEOUT_MS,
          })
        : await run({
            file: 'tar',
            args: ['--extract', '--numeric-owner', '--same-permissions', '-C', directory, '-f', rootfs],
            timeoutMs: UNPACK_TIMEOUT_MS,
          });
      if (result.exitCode === 0) return;
      const error = runError(result);
      if (/No space left/.test(result.stderr)) throw error;
      throw new AppError('CONFIG_INVALID', `image ${name}: cannot unpack ${rootfs}: ${error.message}`, {
        hint: 'give a directory or a tar file with a root file system under `images` in airlock.yaml',
        cause: error,
      });
    },
  };
}

async function existing(name: string, rootfs: string): Promise<string> {
  await describe(name, rootfs);
  return rootfs;
}

async function describe(name: string, rootfs: string): Promise<{ isDirectory: boolean }> {
  const stats = await stat(rootfs).catch((error: unknown) => {
    throw new AppError('IMAGE_NOT_FOUND', `image ${name}: ${rootfs} cannot be read`, {
      hint: 'correct its path under `images` in airlock.yaml',
      cause: error,
    });
  });
  if (stats.isDirectory() || stats.isFile()) return { isDirectory: stats.isDirectory() };
  throw new AppError('CONFIG_INVALID', `image ${name}: ${rootfs} is neither a directory nor a tar file`);
}
