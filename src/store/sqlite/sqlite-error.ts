import { AppError } from '../../errors.ts';

/** Primary result codes, https://www.sqlite.org/rescode.html */
const BUSY = 5;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const CONSTRAINT = 19;
const NOTADB = 26;

/** Extended codes of an I/O error that come from writing: on a full disk SQLite reports some of these instead of FULL. */
const WRITE_FAILURES: ReadonlySet<number> = new Set([
  IOERR | (3 << 8), // WRITE
  IOERR | (4 << 8), // FSYNC
  IOERR | (5 << 8), // DIR_FSYNC
  IOERR | (6 << 8), // TRUNCATE
  IOERR | (19 << 8), // SHMSIZE
  IOERR | (21 << 8), // SHMMAP
]);

const RESTORE_HINT =
  'stop Airlock, move airlock.db, airlock.db-wal and airlock.db-shm out of the data directory, copy the newest file of its ' +
  'backups/ directory to airlock.db, and start again';

/** The error for a database that cannot be trusted; `newestBackup` names the file to restore from. */
export function databaseCorrupt(
  path: string,
  reason: string,
  newestBackup: string | null,
  cause?: unknown,
): AppError {
  const hint =
    newestBackup === null
      ? 'there is no backup under backups/: move airlock.db away to begin with an empty record, and keep it for inspection'
      : `stop Airlock, move airlock.db, airlock.db-wal and airlock.db-shm out of the data directory, then: cp ${newestBackup} ${path}`;
  return new AppError('DATABASE_CORRUPT', `cannot use the database ${path}: ${reason}`, {
    hint,
    context: { path, reason, newestBackup },
    cause,
  });
}

/** Whatever node:sqlite threw, as an AppError; what did not come from SQLite is returned as it is. */
export function fromSqliteError(error: unknown, doing: string): unknown {
  if (!isSqliteError(error)) return error;
  const extended = error.errcode;
  const primary = extended & 0xff;
  const context = { sqliteCode: extended, doing };
  if (primary === FULL || WRITE_FAILURES.has(extended)) return diskFull(`cannot ${doing}`, context, error);
  if (primary === CORRUPT || primary === NOTADB) {
    return new AppError('DATABASE_CORRUPT', `cannot ${doing}: the database is damaged (${error.message})`, {
      hint: RESTORE_HINT,
      context: { ...context, reason: error.message },
      cause: error,
    });
  }
  if (primary === READONLY || primary === CANTOPEN || primary === IOERR) {
    return new AppError('DATA_DIR_UNUSABLE', `cannot ${doing}: ${error.message}`, {
      hint: 'check that the data directory exists, that this user owns it and that its disk works',
      context,
      cause: error,
    });
  }
  if (primary === BUSY) {
    return new AppError('DATA_DIR_LOCKED', `cannot ${doing}: another process holds the database`, {
      hint: 'stop the other process that uses this data directory',
      context,
      cause: error,
    });
  }
  return new AppError('INTERNAL', `cannot ${doing}: ${error.message}`, {
    context: primary === CONSTRAINT ? { ...context, constraint: error.message } : context,
    cause: error,
  });
}

/** DISK_FULL in the words shared by database and files. */
export function diskFull(what: string, context: Record<string, unknown>, cause?: unknown): AppError {
  return new AppError('DISK_FULL', `${what}: the disk of the data directory is full`, {
    hint: 'free space on that disk and try again; nothing was changed',
    context,
    cause,
  });
}

/** True when the constraint named (`agents.name`) refused the statement. */
export function isConstraint(error: unknown, constraint: string): boolean {
  return (
    error instanceof AppError &&
    typeof error.context['constraint'] === 'string' &&
    error.context['constraint'].endsWith(`: ${constraint}`)
  );
}

function isSqliteError(error: unknown): error is Error & { errcode: number } {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'ERR_SQLITE_ERROR' &&
    'errcode' in error &&
    typeof error.errcode === 'number'
  );
}
