import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../../src/lib/clock.ts';
import { connect, type Connection } from '../../../../src/store/sqlite/connection.ts';
import { migrate } from '../../../../src/store/sqlite/migrate.ts';
import { createReads } from '../../../../src/store/sqlite/reads.ts';
import {
  createTransactionQueue,
  type TransactionQueue,
} from '../../../../src/store/sqlite/transaction-queue.ts';
import { createWrites } from '../../../../src/store/sqlite/writes.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../../fixtures/temporary-directory.ts';

let directory: TemporaryDirectory;
let connection: Connection;
let queue: TransactionQueue;
let commits: number;

beforeEach(async () => {
  directory = await temporaryDirectory();
  const path = join(directory.path, 'a.db');
  connection = connect(path, { readOnly: false });
  await migrate(connection, path, async () => undefined);
  commits = 0;
  const guard = () => undefined;
  const reads = createReads(connection, guard);
  const writes = createWrites({ connection, reads, clock: systemClock, guard, appended: guard });
  queue = createTransactionQueue({
    connection,
    open: () => ({ tx: { ...reads, ...writes }, end: guard }),
    committed: () => {
      commits += 1;
    },
    broken: (error) => {
      throw error;
    },
  });
});
afterEach(async () => {
  await queue.close();
  connection.close();
  await directory[Symbol.asyncDispose]();
});

const set = (name: string, length: number) =>
  queue.transaction((tx) => tx.setSetting(name, 'x'.repeat(length)));
const names = () => connection.all('SELECT name FROM settings ORDER BY name').map(({ name }) => name);
/** No more pages than there are, and `pages` on top: SQLite then says what it says on a full disk. */
function leaveRoomFor(pages: number): void {
  const used = Number(connection.get('PRAGMA page_count')?.['page_count']);
  connection.exec(`PRAGMA max_page_count = ${used + pages}`);
}

test('lets transactions that wait at the same time share a commit', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, index) => set(`n${index}`, 1)));
  expect(commits).toBe(1);
  await set('later', 1);
  expect(commits).toBe(2);
});

test('undoes one that throws without touching those that share its commit', async () => {
  const failing = queue.transaction(async (tx) => {
    await tx.setSetting('undone', 'x');
    throw new Error('no');
  });
  const outcomes = await Promise.allSettled([set('a', 1), failing, set('b', 1)]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(names()).toEqual(['a', 'b']);
});

test('refuses what does not fit with DISK_FULL, and does those that share its commit and fit', async () => {
  leaveRoomFor(4);
  const outcomes = await Promise.allSettled([set('a', 1), set('big', 1_000_000), set('b', 1)]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(outcomes[1]).toMatchObject({ reason: { code: 'DISK_FULL' } });
  expect(names()).toEqual(['a', 'b']);
});

test('goes on once there is space', async () => {
  leaveRoomFor(4);
  await expect(set('big', 1_000_000)).rejects.toMatchObject({ code: 'DISK_FULL' });
  expect(connection.inTransaction).toBe(false);
  leaveRoomFor(1_000);
  await set('big', 1_000_000);
  expect(names()).toEqual(['big']);
});

test('lets everything else have its turn between two commits', async () => {
  const order: string[] = [];
  const all = Promise.all(
    Array.from({ length: 100 }, (_, index) => set(`n${index}`, 1).then(() => order.push('transaction'))),
  );
  setImmediate(() => order.push('something else'));
  await all;
  expect(order.indexOf('something else')).toBeGreaterThan(0);
  expect(order.indexOf('something else')).toBeLessThan(99);
});
