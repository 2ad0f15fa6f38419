import { randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../errors.ts';
import { sha256Hex } from '../../lib/canonical-json.ts';
import { findStaticBinary } from './static-binary.ts';

/** Where the toolbox is seen inside every sandbox, read-only. */
export const TOOLBOX_MOUNT_POINT = '/.airlock';

const TOOLS = [
  { name: 'busybox', candidates: ['busybox', 'busybox.static'], debianPackage: 'busybox-static' },
  { name: 'tini', candidates: ['tini-static', 'tini'], debianPackage: 'tini' },
] as const;

/**
 * The directory with the static `busybox` and `tini` that every sandbox gets at {@link TOOLBOX_MOUNT_POINT}, so that any
 * image has a reaping init and a shell for the sweep. Made once; a file is replaced, never written, when the host's
 * program changed. Throws NO_RUNTIME when one of them is missing on the host.
 */
export async function ensureToolbox(dataDir: string): Promise<string> {
  const directory = path.join(path.resolve(dataDir), 'toolbox');
  await mkdir(directory, { recursive: true, mode: 0o755 });
  for (const tool of TOOLS) {
    const source = await findStaticBinary(tool.candidates);
    if (source === null) throw missingTool(tool.name, tool.debianPackage);
    await installFile(source, path.join(directory, tool.name));
  }
  return directory;
}

async function installFile(source: string, target: string): Promise<void> {
  if ((await fileHash(source)) === (await fileHash(target))) return;
  // Running sandboxes may execute the old file: a rename leaves it alone.
  const partial = `${target}.${randomUUID()}`;
  try {
    await copyFile(source, partial);
    await chmod(partial, 0o755);
    await rename(partial, target);
  } finally {
    await rm(partial, { force: true });
  }
}

async function fileHash(file: string): Promise<string | null> {
  try {
    return sha256Hex(await readFile(file));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function missingTool(name: string, debianPackage: string): AppError {
  return new AppError('NO_RUNTIME', `no static ${name} on this host: sandboxes need it`, {
    hint: `install it: sudo apt-get install -y ${debianPackage}`,
  });
}
