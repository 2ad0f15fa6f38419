import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { createReadStream } from 'node:fs';

/** File names are bytes: a root file system may hold names that are not UTF-8. */
interface TreeEntry {
  /** Relative, without a leading slash; empty for the root. */
  name: Buffer;
  path: Buffer;
  stats: Stats;
}

/**
 * `sha256:…` over a manifest of the tree: kind, mode, owner, name and content or target of everything in it, sorted by
 * name. Times do not count, so that unpacking the same archive twice gives the same digest.
 */
export async function treeDigest(root: string): Promise<string> {
  const hash = createHash('sha256').update('airlock-tree-v1\n');
  for await (const { name, path, stats } of walk(root)) {
    const facts = [
      kindOf(stats),
      (stats.mode & 0o7777).toString(8),
      stats.uid,
      stats.gid,
      name.toString('hex'),
    ];
    if (stats.isFile()) facts.push(await fileDigest(path));
    if (stats.isSymbolicLink()) facts.push((await readlink(path, { encoding: 'buffer' })).toString('hex'));
    hash.update(`${facts.join(' ')}\n`);
  }
  return `sha256:${hash.digest('hex')}`;
}

/**
 * Changes when anything in the tree (or the one file) may have changed, without reading contents: size, inode, mode,
 * owner, and the two times, of which the change time cannot be set back.
 */
export async function treeFingerprint(root: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const { name, stats } of walk(root)) {
    const facts = [name.toString('hex'), stats.dev, stats.ino, stats.mode, stats.uid, stats.gid];
    hash.update(`${[...facts, stats.size, stats.mtimeMs, stats.ctimeMs].join(' ')}\n`);
  }
  return hash.digest('hex');
}

/** Parents before children, siblings by the bytes of their names; does not cross into other mounted file systems. */
async function* walk(root: string): AsyncGenerator<TreeEntry> {
  const path = Buffer.from(root);
  const stats = await lstat(path);
  yield* walkEntry({ name: Buffer.alloc(0), path, stats }, stats.dev);
}

async function* walkEntry(entry: TreeEntry, device: number): AsyncGenerator<TreeEntry> {
  yield entry;
  if (!entry.stats.isDirectory() || entry.stats.dev !== device) return;
  const children = await readdir(entry.path, { encoding: 'buffer' });
  for (const child of children.toSorted((a, b) => Buffer.compare(a, b))) {
    const path = Buffer.concat([entry.path, Buffer.from('/'), child]);
    const name = entry.name.length === 0 ? child : Buffer.concat([entry.name, Buffer.from('/'), child]);
    yield* walkEntry({ name, path, stats: await lstat(path) }, device);
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'directory';
  if (stats.isFile()) return 'file';
  return stats.isSymbolicLink() ? 'link' : 'special';
}

async function fileDigest(path: Buffer): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
