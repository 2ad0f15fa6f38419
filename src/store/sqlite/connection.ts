import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { fromSqliteError } from './sqlite-error.ts';

export type Row = Record<string, SQLOutputValue>;

/** One SQLite connection with its prepared statements. Everything it throws is an AppError. */
export interface Connection {
  all(sql: string, ...values: SQLInputValue[]): Row[];
  get(sql: string, ...values: SQLInputValue[]): Row | null;
  /** Returns the number of rows changed. */
  run(sql: string, ...values: SQLInputValue[]): number;
  /** Runs several statements without values, uncached. */
  exec(sql: string): void;
  readonly inTransaction: boolean;
  close(): void;
}

/** A reader beside the bot waits at most so long for a lock; the writer has the directory to itself. */
const BUSY_TIMEOUT_MS = 5_000;

/** Throws AppError (DATA_DIR_UNUSABLE, DATABASE_CORRUPT, …) when it cannot be opened. The caller closes it. */
export function connect(path: string | URL, options: { readOnly: boolean }): Connection {
  const guarded = <T>(work: () => T, doing: string): T => {
    try {
      return work();
    } catch (error) {
      throw fromSqliteError(error, doing);
    }
  };
  const database = guarded(
    () =>
      new DatabaseSync(path, {
        readOnly: options.readOnly,
        timeout: BUSY_TIMEOUT_MS,
        enableForeignKeyConstraints: true,
      }),
    `open the database ${path instanceof URL ? path.pathname : path}`,
  );
  // A temporary file of a bot that is killed between its making and its unlinking stays in /tmp for ever.
  guarded(() => database.exec('PRAGMA temp_store = MEMORY'), 'keep temporary data in memory');
  // Statements are the texts of this folder with a bounded set of variations, so the cache needs no limit.
  const statements = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const statement = database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  return {
    all: (sql, ...values) => guarded(() => prepare(sql).all(...values), 'read from the database'),
    get: (sql, ...values) => guarded(() => prepare(sql).get(...values) ?? null, 'read from the database'),
    run: (sql, ...values) =>
      guarded(() => Number(prepare(sql).run(...values).changes), 'write to the database'),
    exec: (sql) => guarded(() => database.exec(sql), 'write to the database'),
    get inTransaction() {
      return database.isTransaction;
    },
    close() {
      statements.clear();
      if (database.isOpen) database.close();
    },
  };
}
