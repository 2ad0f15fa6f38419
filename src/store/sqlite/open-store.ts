import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../../errors.ts';
import { systemClock, type Clock } from '../../lib/clock.ts';
import { silentLogger, type Logger } from '../../lib/logger.ts';
import type { Store, StoreReads, StoreTransaction } from '../store.ts';
import { makeBackup, removePartialBackups, type BackupReason } from './backup.ts';
import { connect, type Connection } from './connection.ts';
import { usingFiles } from './file-error.ts';
import { checkDatabase } from './integrity.ts';
import { migrate, MIGRATIONS, schemaVersion } from './migrate.ts';
import { createReads, LAST_EVENT_SEQ } from './reads.ts';
import { createTransactionQueue, storeClosed } from './transaction-queue.ts';
import { createWrites } from './writes.ts';

export interface StoreOptions {
  /** The database file; `:memory:` is not supported, since reads have a connection of their own. */
  path: string;
  /** Where `backups/` lies. Default: the directory of `path`. */
  dataDir?: string;
  clock?: Clock;
  log?: Logger;
}

/** Beyond this the write-ahead log is cut back after a checkpoint. */
const LOG_SIZE_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * Opens the database, creating or migrating it (with a backup before). The caller owns the data directory
 * (`openDataDirectory`) and closes the store before it gives that up.
 * Throws DATABASE_CORRUPT or DATABASE_NEWER having changed nothing, DISK_FULL, DATA_DIR_UNUSABLE.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { path, dataDir = dirname(options.path), clock = systemClock, log = silentLogger } = options;
  const found = await checkDatabase(path, dataDir);
  await usingFiles(dataDir, async () => {
    await removePartialBackups(dataDir);
    // Made here, so that it is its owner's alone; SQLite gives the files beside it the same mode.
    if (found === 'new') await (await open(path, 'a', 0o600)).close();
  });
  const backup = (reason: BackupReason) => makeBackup({ path, dataDir, reason, clock });

  using stack = new DisposableStack();
  const writer = stack.adopt(connect(path, { readOnly: false }), close);
  writer.exec(
    `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ${LOG_SIZE_LIMIT_BYTES}`,
  );
  await migrate(writer, path, () => backup('migration'));
  // The schema goes into the main file at once, so that one whose log was lost is never taken for a new one.
  writer.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const reader = stack.adopt(connect(path, { readOnly: true }), close);
  const connections = stack.move();
  log.debug({ path, found }, 'database open');
  return createStore({ writer, reader, connections, backup, clock, log });
}

/** Reads beside a running bot, without its lock. */
export interface ReadOnlyStore extends StoreReads {
  close(): Promise<void>;
}

/**
 * Opens the database for reading only, while a bot may be writing to it (`doctor`, `audit`). Throws DATA_DIR_UNUSABLE when
 * there is none or its schema is older than this code, DATABASE_NEWER, DATABASE_CORRUPT.
 */
export async function openStoreReadOnly(options: { path: string }): Promise<ReadOnlyStore> {
  const { path } = options;
  if (!existsSync(path)) {
    throw new AppError('DATA_DIR_UNUSABLE', `cannot read the database ${path}: there is none`, {
      hint: 'start Airlock once, or set AIRLOCK_DATA_DIR to the directory it uses',
      context: { path },
    });
  }
  using stack = new DisposableStack();
  const reader = stack.adopt(connect(path, { readOnly: true }), close);
  const newest = MIGRATIONS.at(-1)?.version ?? 0;
  const version = schemaVersion(reader, path);
  if (version < newest) {
    throw new AppError(
      'DATA_DIR_UNUSABLE',
      `cannot read the database ${path}: its schema has version ${version}, this Airlock needs ${newest}`,
      {
        hint: 'start this Airlock once: it brings the database up to date',
        context: { path, version, newest },
      },
    );
  }
  const connections = stack.move();
  const reads = createReads(reader, () => refuseIf(connections.disposed));
  return { ...reads, close: async () => connections.dispose() };
}

interface StoreParts {
  writer: Connection;
  reader: Connection;
  connections: DisposableStack;
  backup: (reason: BackupReason) => Promise<string>;
  clock: Clock;
  log: Logger;
}

function createStore(parts: StoreParts): Store {
  const { writer, reader, connections, clock, log } = parts;
  const listeners = new Set<(lastEventSeq: number) => void>();
  const backups = new Set<Promise<string>>();
  let appendedSinceCommit = false;
  let announcedSeq = lastEventSeq(writer);
  let closing: Promise<void> | null = null;

  function openTransaction(): { tx: StoreTransaction; end: () => void } {
    let over = false;
    const guard = () => {
      if (over) throw new AppError('INTERNAL', 'a transaction was used after its work had ended');
    };
    const reads = createReads(writer, guard);
    const appended = () => {
      appendedSinceCommit = true;
    };
    const tx = { ...reads, ...createWrites({ connection: writer, reads, clock, guard, appended }) };
    return {
      tx,
      end() {
        over = true;
      },
    };
  }

  function committed(): void {
    if (!appendedSinceCommit) return;
    appendedSinceCommit = false;
    // Asked of the database: what was appended may have been rolled back to its savepoint since.
    const seq = lastEventSeq(writer);
    if (seq === announcedSeq) return;
    announcedSeq = seq;
    for (const listener of listeners) {
      try {
        listener(seq);
      } catch (error) {
        log.error({ error }, 'a listener of commits threw');
      }
    }
  }

  const queue = createTransactionQueue({
    connection: writer,
    open: openTransaction,
    committed,
    broken: (error) => log.error({ error }, 'a transaction could not be rolled back'),
  });

  return {
    ...createReads(reader, () => refuseIf(connections.disposed)),
    transaction: queue.transaction,
    onCommit(listener) {
      // A wrapper of its own, so that one function registered twice is called twice and disposed once at a time.
      const entry = (seq: number) => listener(seq);
      listeners.add(entry);
      return { [Symbol.dispose]: () => void listeners.delete(entry) };
    },
    async backup(reason) {
      refuseIf(closing !== null);
      const running = parts.backup(reason);
      backups.add(running);
      try {
        return await running;
      } finally {
        backups.delete(running);
      }
    },
    close() {
      closing ??= (async () => {
        await queue.close();
        await Promise.allSettled(backups);
        connections.dispose();
      })();
      return closing;
    },
  };
}

function lastEventSeq(connection: Connection): number {
  return Number(connection.get(LAST_EVENT_SEQ)?.['n'] ?? 0);
}

function refuseIf(closed: boolean): void {
  if (closed) throw storeClosed();
}

function close(connection: Connection): void {
  connection.close();
}
