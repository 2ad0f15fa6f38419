import { existsSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { AppError } from '../../errors.ts';
import { listBackups } from './backup.ts';
import { connect } from './connection.ts';
import { schemaVersion } from './migrate.ts';
import { databaseCorrupt } from './sqlite-error.ts';

/**
 * Looks at the database before anything writes to it: is it one, is it ours, is it whole, is it not newer than this
 * code. Changes nothing. Throws DATABASE_CORRUPT with the backup to restore from, or DATABASE_NEWER.
 */
export async function checkDatabase(path: string, dataDir: string): Promise<'new' | 'present'> {
  const newestBackup = (await listBackups(dataDir))[0] ?? null;
  const wal = sizeOf(`${path}-wal`);
  if (sizeOf(path) === 0) {
    // SQLite would take an empty or missing file for a new database, and silently forget everything.
    if (wal === 0 && newestBackup === null) return 'new';
    const state = existsSync(path) ? 'it is empty' : 'it is missing';
    throw databaseCorrupt(path, `${state}, yet this data directory held one before`, newestBackup);
  }
  try {
    const version = inspect(path, wal > 0);
    if (version === 0 && newestBackup !== null) throw databaseCorrupt(path, 'it is empty', newestBackup);
    return 'present';
  } catch (error) {
    if (error instanceof AppError && error.code === 'DATABASE_CORRUPT') {
      const { reason } = error.context;
      const words = typeof reason === 'string' ? reason : error.message;
      throw databaseCorrupt(path, words, newestBackup, error);
    }
    throw error;
  }
}

/** Without a write-ahead log the file is opened as immutable: then SQLite makes no file beside it. */
function inspect(path: string, hasLog: boolean): number {
  const url = pathToFileURL(path);
  if (!hasLog) url.searchParams.set('immutable', '1');
  const connection = connect(url, { readOnly: true });
  try {
    const version = schemaVersion(connection, path);
    const finding = connection.get('PRAGMA quick_check(1)')?.['quick_check'];
    if (finding !== 'ok') throw databaseCorrupt(path, String(finding), null);
    return version;
  } finally {
    connection.close();
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
