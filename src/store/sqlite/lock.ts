import { existsSync, readFileSync } from 'node:fs';
import { open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../errors.ts';

export interface DirectoryLock {
  /** Twice is fine. */
  release(): Promise<void>;
}

/**
 * Takes the data directory for this process. The lock is the kernel's (SQLite's POSIX lock on the empty file `lock`), so it
 * goes with the process however that ends, and no stale file ever blocks a start. `lock.pid` only names the owner for
 * messages. Throws DATA_DIR_LOCKED when another process, or another part of this one, has it.
 *
 * Nothing in this process may open `lock` by other means: closing any descriptor of it would drop the lock.
 */
export async function lockDirectory(dataDir: string): Promise<DirectoryLock> {
  const path = join(dataDir, 'lock');
  const pidPath = join(dataDir, 'lock.pid');
  const database = await hold(path).catch((error: unknown) => {
    throw lockRefused(dataDir, pidPath, error);
  });
  // Also keeps the connection from being collected as garbage, which would drop the lock.
  const atExit = () => database.close();
  process.once('exit', atExit);
  let held = true;
  const release = async () => {
    if (!held) return;
    held = false;
    process.removeListener('exit', atExit);
    try {
      await rm(pidPath, { force: true });
    } finally {
      database.close();
    }
  };
  try {
    await writeFile(pidPath, `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

/** The transaction is never ended and never writes: the file stays empty, the lock stays held. */
async function hold(path: string): Promise<DatabaseSync> {
  if (!existsSync(path)) await (await open(path, 'a', 0o600)).close();
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

const SQLITE_BUSY = 5;

function lockRefused(dataDir: string, pidPath: string, cause: unknown): AppError {
  const busy =
    cause instanceof Error &&
    'errcode' in cause &&
    typeof cause.errcode === 'number' &&
    (cause.errcode & 0xff) === SQLITE_BUSY;
  if (!busy) {
    return new AppError('DATA_DIR_UNUSABLE', `cannot lock the data directory ${dataDir}: ${String(cause)}`, {
      hint: `remove ${join(dataDir, 'lock')} while Airlock is not running, and start again`,
      context: { dataDir },
      cause,
    });
  }
  const pid = ownerPid(pidPath);
  const owner = pid === null ? 'another process' : `process ${pid}`;
  return new AppError('DATA_DIR_LOCKED', `cannot use the data directory ${dataDir}: ${owner} uses it`, {
    hint: `${pid === null ? 'stop the other Airlock' : `stop process ${pid}`}, or set AIRLOCK_DATA_DIR to another directory`,
    context: { dataDir, pid },
    cause,
  });
}

/** Null when the owner has not written it yet, this user may not read it, or it is an older owner's. */
function ownerPid(pidPath: string): number | null {
  try {
    const pid = Number(readFileSync(pidPath, 'utf8').trim());
    return Number.isSafeInteger(pid) && pid > 0 && existsSync(`/proc/${pid}`) ? pid : null;
  } catch {
    // The message goes without it.
    return null;
  }
}
