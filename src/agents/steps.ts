import { AppError } from '../errors.ts';
import type { ActionResult } from '../model/action.ts';
import type { StoreTransaction } from '../store/store.ts';
import type { Room } from './room.ts';
import type { StepOutcome, Steps } from './types.ts';

/** For what Airlock does by itself. */
export const NO_STEPS: Steps = { begin: async () => undefined, settle: async () => undefined };

/** A full disk is waited out this often, doubling from the first delay: about four minutes. */
const COMMIT_TRIES = 10;
const FIRST_RETRY_MS = 250;

export function failed(
  error: AppError,
  status: 'FAILED' | 'CANCELLED' | 'UNKNOWN' = 'FAILED',
  result: ActionResult | null = null,
): StepOutcome {
  return { ok: false, error, result, status };
}

export interface FirstTransaction<T> {
  /** Reads only; an AppError it throws is the outcome, settled in the same transaction. */
  guard(tx: StoreTransaction): Promise<T>;
  /** Writes, when nothing speaks against it. */
  write?(tx: StoreTransaction, guarded: T): Promise<void>;
  /** Writes beside the settled refusal. */
  refuse?(tx: StoreTransaction, error: AppError): Promise<void>;
}

/**
 * The first transaction of an operation: begin, then guard and write. Null when the guard refused, and then all is settled. Rejects when `begin`
 * threw or the store failed: nothing happened.
 */
export async function beginOperation<T>(
  room: Room,
  steps: Steps,
  first: FirstTransaction<T>,
): Promise<{ value: T } | null> {
  return await room.store.transaction(async (tx) => {
    await steps.begin(tx);
    const guarded = await refusalOf(() => first.guard(tx));
    if (guarded.error !== null) {
      await first.refuse?.(tx, guarded.error);
      await steps.settle(tx, failed(guarded.error));
      return null;
    }
    await first.write?.(tx, guarded.value);
    return { value: guarded.value };
  });
}

async function refusalOf<T>(
  guard: () => Promise<T>,
): Promise<{ value: T; error: null } | { error: AppError }> {
  try {
    return { value: await guard(), error: null };
  } catch (error) {
    // What the store itself throws is no refusal: the transaction must fail with it.
    if (error instanceof AppError && !STORE_CODES.has(error.code)) return { error };
    throw error;
  }
}

const STORE_CODES: ReadonlySet<string> = new Set(['DISK_FULL', 'DATABASE_CORRUPT', 'INTERNAL']);

/** A transaction that tells what has happened already: a full disk is waited out, so that it is not lost. */
export async function commit<T>(room: Room, work: (tx: StoreTransaction) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await room.store.transaction(work);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'DISK_FULL' || tries >= COMMIT_TRIES) throw error;
      room.log.warn({ tries }, 'disk full: waiting to write down what happened');
      await pause(room, FIRST_RETRY_MS * 2 ** (tries - 1));
    }
  }
}

function pause(room: Room, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    room.clock.after(delayMs, resolve);
  });
}
