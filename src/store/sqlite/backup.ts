import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../errors.ts';
import { syncDirectory } from '../../lib/durable-file.ts';
import type { Clock } from '../../lib/clock.ts';
import { usingFiles } from './file-error.ts';
import { diskFull } from './sqlite-error.ts';

export const BACKUPS_KEPT = 7;
export const BACKUPS_DIRECTORY = 'backups';
const PARTIAL = '.partial';
/** Left free for the bot's own writes while a backup is made. */
const SPARE_BYTES = 16 * 1024 * 1024;

export type BackupReason = 'migration' | 'daily' | 'manual';

interface BackupParts {
  path: string;
  dataDir: string;
  reason: BackupReason;
  clock: Clock;
}

/**
 * A consistent copy of the database at `<dataDir>/backups/airlock-<time>-<reason>.db`, made beside the running bot in a
 * thread of its own. It gets its name only when it is whole and on the disk. Afterwards the newest seven remain.
 * Throws DISK_FULL (checked before) and leaves nothing then.
 */
export function makeBackup(parts: BackupParts): Promise<string> {
  return usingFiles(parts.dataDir, () => copyDatabase(parts));
}

async function copyDatabase(parts: BackupParts): Promise<string> {
  const directory = join(parts.dataDir, BACKUPS_DIRECTORY);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await checkSpace(parts.path, directory);
  const target = freeName(directory, parts.clock.now(), parts.reason);
  const partial = `${target}${PARTIAL}`;
  try {
    await vacuumInto(parts.path, partial);
    await using file = await open(partial, 'r+');
    await file.chmod(0o600);
    await file.sync();
    await rename(partial, target);
    await syncDirectory(directory);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  for (const old of (await listBackups(parts.dataDir)).slice(BACKUPS_KEPT)) await rm(old, { force: true });
  return target;
}

/** Paths, newest first. */
export async function listBackups(dataDir: string): Promise<string[]> {
  const directory = join(dataDir, BACKUPS_DIRECTORY);
  const names = await readdir(directory).catch(() => []);
  return names
    .filter((name) => /^airlock-.*\.db$/.test(name))
    .toSorted()
    .toReversed()
    .map((name) => join(directory, name));
}

/** Drops what a killed backup left. Only for the one process that owns the data directory. */
export async function removePartialBackups(dataDir: string): Promise<void> {
  const directory = join(dataDir, BACKUPS_DIRECTORY);
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    if (name.includes(PARTIAL)) await rm(join(directory, name), { force: true });
  }
}

/** Names sort by time. */
function freeName(directory: string, now: number, reason: BackupReason): string {
  for (let at = now; ; at += 1) {
    const time = new Date(at).toISOString().replaceAll(/[-:]/g, '');
    const path = join(directory, `airlock-${time}-${reason}.db`);
    if (!existsSync(path)) return path;
  }
}

async function checkSpace(path: string, directory: string): Promise<void> {
  const needed = (await stat(path)).size + SPARE_BYTES;
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < needed) {
    throw diskFull('cannot back up the database', { needed, free: bavail * bsize, directory });
  }
}

/** A message of the worker: null, or what went wrong. */
export interface BackupFailure {
  code: AppError['code'];
  message: string;
  hint: string | undefined;
}

function vacuumInto(path: string, target: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const worker = new Worker(new URL('./backup-worker.ts', import.meta.url), { workerData: { path, target } });
  worker.once('message', (failure: BackupFailure | null) => {
    if (failure === null) resolve();
    else
      reject(
        new AppError(failure.code, failure.message, failure.hint === undefined ? {} : { hint: failure.hint }),
      );
  });
  worker.once('error', reject);
  worker.once('exit', () => reject(new AppError('INTERNAL', 'the backup of the database ended early')));
  return promise;
}
