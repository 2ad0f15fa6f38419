import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { runOrThrow } from '../../lib/run.ts';
import type { SandboxImage } from '../sandbox.ts';
import type { EngineClient } from './engine-cli.ts';

/** Begins the tag of everything that is loaded here. */
export const OWN_IMAGES = 'airlock/image:';
/** A gigabyte of root file system on a slow disk. */
const TAR_TIMEOUT_MS = 300_000;

/** Gives root file systems of the image store to the engine, each once. */
export interface EngineImages {
  /** The tag the engine has it under. */
  ensure(image: Pick<SandboxImage, 'digest' | 'rootfs'>): Promise<string>;
}

/** `directory`: for archives on their way to the engine; made when needed. */
export function createEngineImages(client: EngineClient, directory: string): EngineImages {
  const loading = new Map<string, Promise<void>>();

  async function load(tag: string, rootfs: string): Promise<void> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const work = await mkdtemp(path.join(directory, 'archive-'));
    try {
      await client.load(await writeArchive(work, tag, rootfs));
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  return {
    async ensure({ digest, rootfs }) {
      const tag = `${OWN_IMAGES}${digest.replace('sha256:', '')}`;
      const underWay = loading.get(tag);
      if (underWay !== undefined) {
        await underWay;
        return tag;
      }
      if (await client.hasImage(tag)) return tag;
      const mine = loading.get(tag) ?? load(tag, rootfs);
      loading.set(tag, mine);
      try {
        await mine;
      } finally {
        loading.delete(tag);
      }
      return tag;
    },
  };
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** One layer in the format of `docker save`, which every engine loads; `docker import` only docker has. */
async function writeArchive(work: string, tag: string, rootfs: string): Promise<string> {
  const layer = path.join(work, 'layer.tar');
  await runOrThrow({
    file: 'tar',
    args: ['-C', rootfs, '--numeric-owner', '-cf', layer, '.'],
    timeoutMs: TAR_TIMEOUT_MS,
  });
  const hash = createHash('sha256');
  await pipeline(createReadStream(layer), hash);
  const config = {
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [`sha256:${hash.digest('hex')}`] },
  };
  const manifest = [{ Config: 'config.json', RepoTags: [tag], Layers: ['layer.tar'] }];
  await writeFile(path.join(work, 'config.json'), JSON.stringify(config));
  await writeFile(path.join(work, 'manifest.json'), JSON.stringify(manifest));
  const archive = path.join(work, 'image.tar');
  await runOrThrow({
    file: 'tar',
    args: ['-C', work, '-cf', archive, 'config.json', 'manifest.json', 'layer.tar'],
    timeoutMs: TAR_TIMEOUT_MS,
  });
  return archive;
}
