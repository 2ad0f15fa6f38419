import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AppError } from '../../errors.ts';
import { sha256Hex } from '../../lib/canonical-json.ts';
import type { Logger } from '../../lib/logger.ts';
import { run, runError } from '../../lib/run.ts';
import type { SandboxImage } from '../sandbox.ts';
import { busyboxSource, hostSource, type ImageSource } from './image-source.ts';
import { addMountPoints } from './mount-points.ts';
import { treeDigest } from './tree.ts';

/** Root file systems, unpacked once under the data directory and never written afterwards. */
export interface ImageStore {
  /**
   * The image of that name, unpacked when it is not yet; default `defaultImage`. Throws IMAGE_NOT_FOUND for an unknown
   * name, CONFIG_INVALID for what cannot be unpacked, DISK_FULL.
   */
  resolve(name?: string): Promise<SandboxImage>;
  /** An unpacked image. Throws IMAGE_NOT_FOUND. */
  byDigest(digest: string): Promise<SandboxImage>;
  /** Whether there is such a name, unpacked or not. */
  knows(name: string): boolean;
  /** What can be asked for, the default first; digest null = not unpacked yet (or its source changed since). */
  list(): Promise<{ name: string; digest: string | null }[]>;
}

export interface ImageStoreOptions {
  /** Images go to `<dataDir>/images/<sha256>/rootfs`. */
  dataDir: string;
  /** `images` of the policy file. Read at every call, so a getter follows a reload. */
  images: Readonly<Record<string, { rootfs: string }>>;
  defaultImage: string;
  log: Logger;
}

/** Made from the host's static busybox, always there unless the policy file gives the name to another. */
const BUILT_IN_IMAGE = 'busybox';
const PARTIAL_PREFIX = '.partial-';
/** Told apart from an earlier process with the same pid, as after the restart of a container. */
const PROCESS_START = Math.round(performance.timeOrigin);
const DIGEST_PATTERN = /^sha256:([0-9a-f]{64})$/;
/** Data of the new tree to disk before it gets its name; a slow disk with much to write. */
const SYNC_TIMEOUT_MS = 5 * 60_000;

const recordSchema = z.object({ name: z.string() });

export function createImageStore(options: ImageStoreOptions): ImageStore {
  const imagesDir = path.join(path.resolve(options.dataDir), 'images');
  const sourcesDir = path.join(imagesDir, 'sources');
  /** By fingerprint: callers that ask at once share the work. */
  const preparing = new Map<string, Promise<SandboxImage>>();
  let ready: Promise<void> | undefined;

  const sourceOf = (name: string): ImageSource | null => {
    const configured = Object.hasOwn(options.images, name) ? options.images[name] : undefined;
    if (configured !== undefined) return hostSource(name, path.resolve(configured.rootfs));
    return name === BUILT_IN_IMAGE ? busyboxSource() : null;
  };
  const names = (): string[] => [
    ...new Set([options.defaultImage, BUILT_IN_IMAGE, ...Object.keys(options.images)]),
  ];
  const knownDigest = async (fingerprint: string): Promise<string | null> =>
    (await readFileOrNull(path.join(sourcesDir, sha256Hex(fingerprint))))?.trim() ?? null;

  const store: ImageStore = {
    async resolve(name = options.defaultImage) {
      const source = sourceOf(name);
      if (source === null) throw unknownImage(name, names());
      const fingerprint = await source.fingerprint();
      const running = preparing.get(fingerprint);
      const work = running ?? prepare(name, source, fingerprint);
      if (running === undefined) {
        preparing.set(fingerprint, work);
        const forget = () => preparing.delete(fingerprint);
        work.then(forget, forget);
      }
      return { ...(await work), name };
    },
    async byDigest(digest) {
      const image = await stored(digest);
      if (image !== null) return image;
      throw new AppError('IMAGE_NOT_FOUND', `no image with digest ${digest} in ${imagesDir}`, {
        hint: 'create the agent again: its image is resolved anew',
      });
    },
    knows: (name) => sourceOf(name) !== null,
    async list() {
      return Promise.all(
        names().map(async (name) => {
          const fingerprint = await sourceOf(name)
            ?.fingerprint()
            .catch(() => undefined);
          const digest = fingerprint === undefined ? null : await knownDigest(fingerprint);
          return { name, digest: digest !== null && (await stored(digest)) !== null ? digest : null };
        }),
      );
    },
  };
  return store;

  async function stored(digest: string): Promise<SandboxImage | null> {
    const hex = DIGEST_PATTERN.exec(digest)?.[1];
    if (hex === undefined) return null;
    const directory = path.join(imagesDir, hex);
    const record = await readFileOrNull(path.join(directory, 'image.json'));
    if (record === null) return null;
    const { name } = recordSchema.parse(JSON.parse(record));
    return { name, digest, rootfs: path.join(directory, 'rootfs') };
  }

  async function prepare(name: string, source: ImageSource, fingerprint: string): Promise<SandboxImage> {
    const digest = await knownDigest(fingerprint);
    const found = digest === null ? null : await stored(digest);
    if (found !== null) return found;
    await (ready ??= prepareDirectories());
    const partial = path.join(imagesDir, `${PARTIAL_PREFIX}${process.pid}-${PROCESS_START}-${randomUUID()}`);
    try {
      return await unpackInto(partial, name, source, fingerprint);
    } catch (error) {
      throw isNoSpace(error) ? imagesDiskFull(name, imagesDir, error) : error;
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  }

  async function unpackInto(
    partial: string,
    name: string,
    source: ImageSource,
    fingerprint: string,
  ): Promise<SandboxImage> {
    const rootfs = path.join(partial, 'rootfs');
    await mkdir(rootfs, { recursive: true, mode: 0o755 });
    await source.unpack(rootfs);
    await addMountPoints(name, rootfs);
    const digest = await treeDigest(rootfs);
    await writeFile(path.join(partial, 'image.json'), `${JSON.stringify({ name, digest })}\n`);
    // A crash of the host after the rename must not leave a tree of empty files under a good name.
    const synced = await run({ file: 'sync', args: ['-f', partial], timeoutMs: SYNC_TIMEOUT_MS });
    if (synced.exitCode !== 0) throw runError(synced);
    const directory = path.join(imagesDir, digest.slice('sha256:'.length));
    await rename(partial, directory).catch((error: unknown) => {
      // Another process was first with the same tree: its copy is as good.
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    });
    // Only when nothing changed while it was read may the fingerprint stand for this tree.
    if ((await source.fingerprint()) === fingerprint) await remember(fingerprint, digest);
    options.log.info({ image: name, digest }, 'image unpacked');
    return { name, digest, rootfs: path.join(directory, 'rootfs') };
  }

  async function remember(fingerprint: string, digest: string): Promise<void> {
    const file = path.join(sourcesDir, sha256Hex(fingerprint));
    const partial = path.join(sourcesDir, `${PARTIAL_PREFIX}${randomUUID()}`);
    await writeFile(partial, `${digest}\n`);
    await rename(partial, file);
  }

  /** Also takes away what a process that died in the middle left behind. */
  async function prepareDirectories(): Promise<void> {
    await mkdir(sourcesDir, { recursive: true, mode: 0o755 });
    for (const entry of await readdir(imagesDir)) {
      const owner = /^\.partial-(\d+)-(\d+)-/.exec(entry);
      if (owner === null || isAlive(Number(owner[1]), Number(owner[2]))) continue;
      options.log.warn({ entry }, 'removing a half-unpacked image of a process that is gone');
      await rm(path.join(imagesDir, entry), { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number, start: number): boolean {
  if (pid === process.pid) return start === PROCESS_START;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

async function readFileOrNull(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

function isNoSpace(error: unknown): boolean {
  return (
    hasCode(error, 'ENOSPC', 'EDQUOT') || (error instanceof Error && /No space left/.test(error.message))
  );
}

function unknownImage(name: string, known: readonly string[]): AppError {
  return new AppError('IMAGE_NOT_FOUND', `no image "${name}": there is ${known.join(', ')}`, {
    hint: 'name one of them, or add it under `images` in airlock.yaml',
  });
}

function imagesDiskFull(name: string, imagesDir: string, cause: unknown): AppError {
  return new AppError('DISK_FULL', `no space left to unpack image ${name} into ${imagesDir}`, {
    hint: 'free space on that disk or move AIRLOCK_DATA_DIR',
    cause,
  });
}
