import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import { AppError } from '../../errors.ts';
import type { StoreTransaction } from '../store.ts';
import type { Connection } from './connection.ts';

/** Waiting transactions that share one durable commit. Small enough that the event loop is never held for long. */
const MAX_BATCH = 32;

export interface TransactionQueue {
  readonly transaction: <T>(work: (tx: StoreTransaction) => Promise<T>) => Promise<T>;
  /** Refuses new work and waits for what was accepted. */
  close(): Promise<void>;
}

export interface QueueParts {
  connection: Connection;
  /** A transaction over the connection; it refuses to be used after `end`. */
  open(): { tx: StoreTransaction; end: () => void };
  /** Called after every durable commit. */
  committed(): void;
  /** A rollback failed, which SQLite gives no reason for; the connection is of no use then. */
  broken(error: unknown): void;
}

interface Job {
  /** Runs the work; the returned function answers the caller, once the commit is durable. */
  run(tx: StoreTransaction): Promise<() => void>;
  fail(error: unknown): void;
}

/**
 * One writer. Transactions run one after the other in the order they came; those that wait at the same time share one
 * commit, each within its own savepoint, because the flush to the disk is what costs. Nobody hears of an outcome before
 * the commit that carries it is on the disk. Should the shared commit fail, each runs again alone.
 */
export function createTransactionQueue(parts: QueueParts): TransactionQueue {
  const { connection } = parts;
  const waiting: Job[] = [];
  /** Tells whoever asks for a transaction whether he does so from inside the work of one that is not over. */
  const insideWork = new AsyncLocalStorage<{ over: boolean }>();
  let closed = false;
  let draining: Promise<void> | null = null;

  async function attempt(job: Job): Promise<() => void> {
    const { tx, end } = parts.open();
    const inside = { over: false };
    try {
      return await insideWork.run(inside, () => job.run(tx));
    } finally {
      inside.over = true;
      end();
    }
  }

  async function runAlone(job: Job): Promise<void> {
    try {
      connection.exec('BEGIN IMMEDIATE');
      const answer = await attempt(job);
      connection.exec('COMMIT');
      parts.committed();
      answer();
    } catch (error) {
      rollBack();
      job.fail(error);
    }
  }

  /** False when the shared commit came to nothing; then no caller has heard anything. */
  async function runTogether(batch: readonly Job[]): Promise<boolean> {
    const answers: (() => void)[] = [];
    try {
      connection.exec('BEGIN IMMEDIATE');
      for (const job of batch) answers.push(await runInSavepoint(job));
      connection.exec('COMMIT');
    } catch {
      // The error belongs to whoever raises it again when running alone.
      rollBack();
      return false;
    }
    parts.committed();
    for (const answer of answers) answer();
    return true;
  }

  async function runInSavepoint(job: Job): Promise<() => void> {
    connection.exec('SAVEPOINT work');
    try {
      const answer = await attempt(job);
      connection.exec('RELEASE work');
      return answer;
    } catch (error) {
      // On a full disk SQLite has rolled back everything by itself, and there is no savepoint to return to.
      if (!connection.inTransaction) throw error;
      connection.exec('ROLLBACK TO work');
      connection.exec('RELEASE work');
      return () => job.fail(error);
    }
  }

  function rollBack(): void {
    try {
      if (connection.inTransaction) connection.exec('ROLLBACK');
    } catch (error) {
      parts.broken(error);
    }
  }

  async function drain(): Promise<void> {
    // What is asked for in the same turn of the event loop shares a commit.
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting.splice(0, MAX_BATCH);
      const [only] = batch;
      if (batch.length === 1 && only !== undefined) await runAlone(only);
      else if (!(await runTogether(batch))) for (const job of batch) await runAlone(job);
      // Between two commits everything else gets its turn.
      if (waiting.length > 0) await setImmediate();
    }
    draining = null;
  }

  return {
    transaction<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T> {
      if (closed) return Promise.reject(storeClosed());
      if (insideWork.getStore()?.over === false) {
        return Promise.reject(
          new AppError(
            'INTERNAL',
            'a transaction was asked for inside a transaction: it would wait for itself',
          ),
        );
      }
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      waiting.push({
        async run(tx) {
          const value = await work(tx);
          return () => resolve(value);
        },
        fail: reject,
      });
      draining ??= drain();
      return promise;
    },
    async close() {
      closed = true;
      await draining;
    },
  };
}

/** What reads and transactions meet after `close`. */
export function storeClosed(): AppError {
  return new AppError('SHUTTING_DOWN', 'cannot use the database: Airlock is shutting down', {
    hint: 'try again once it has started',
  });
}
