import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connect } from '../../../../src/store/sqlite/connection.ts';
import { MIGRATIONS, migrate, schemaVersion } from '../../../../src/store/sqlite/migrate.ts';
import type { Migration } from '../../../../src/store/sqlite/migrations/migration.ts';
import { openStore } from '../../../../src/store/sqlite/open-store.ts';
import { listBackups, makeBackup } from '../../../../src/store/sqlite/backup.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { temporaryDirectory } from '../../../fixtures/temporary-directory.ts';

const STEPS: readonly Migration[] = [
  { version: 1, name: 'one', sql: 'CREATE TABLE one (x) STRICT'.replace('(x)', '(x TEXT)') },
  { version: 2, name: 'two', sql: 'CREATE TABLE two (x TEXT) STRICT' },
  { version: 3, name: 'three', sql: 'ALTER TABLE one ADD COLUMN y TEXT' },
];
const noBackup = async () => undefined;

test('numbers its steps 1, 2, 3 without gaps', () => {
  expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, index) => index + 1));
});

test('brings a new file to the newest version without a backup', async () => {
  await using directory = await temporaryDirectory();
  using connection = disposable(join(directory.path, 'a.db'));
  let backups = 0;
  await migrate(connection.use, 'a.db', async () => void (backups += 1), STEPS);
  expect(schemaVersion(connection.use, 'a.db', STEPS)).toBe(3);
  expect(backups).toBe(0);
});

test('backs up before each step that changes a database with content, and runs each step once', async () => {
  await using directory = await temporaryDirectory();
  using connection = disposable(join(directory.path, 'a.db'));
  await migrate(connection.use, 'a.db', noBackup, STEPS.slice(0, 1));
  const versions: number[] = [];
  const note = async () => void versions.push(schemaVersion(connection.use, 'a.db', STEPS));
  await migrate(connection.use, 'a.db', note, STEPS);
  await migrate(connection.use, 'a.db', note, STEPS);
  expect(versions).toEqual([1, 2]);
});

test('leaves the database as it was when a step fails, or the backup before it', async () => {
  await using directory = await temporaryDirectory();
  using connection = disposable(join(directory.path, 'a.db'));
  await migrate(connection.use, 'a.db', noBackup, STEPS.slice(0, 1));
  const broken: Migration = { version: 2, name: 'broken', sql: 'CREATE TABLE two (x TEXT); SELECT nonsense' };
  await expect(migrate(connection.use, 'a.db', noBackup, [...STEPS.slice(0, 1), broken])).rejects.toThrow(
    'nonsense',
  );
  const failing = async () => Promise.reject(new Error('no space'));
  await expect(migrate(connection.use, 'a.db', failing, STEPS)).rejects.toThrow('no space');
  expect(schemaVersion(connection.use, 'a.db', STEPS)).toBe(1);
  const tables = connection.use.all(`SELECT name FROM sqlite_master WHERE type = 'table'`);
  expect(tables.map(({ name }) => name)).toEqual(['one']);
});

test('makes the backup of a migration as any other, so that it can be opened', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'airlock.db');
  await (await openStore({ path, dataDir: directory.path })).close();
  using connection = disposable(path);
  const next: Migration = {
    version: MIGRATIONS.length + 1,
    name: 'next',
    sql: 'CREATE TABLE next (x TEXT) STRICT',
  };
  const clock = createManualClock();
  await migrate(
    connection.use,
    path,
    () => makeBackup({ path, dataDir: directory.path, reason: 'migration', clock }),
    [...MIGRATIONS, next],
  );
  const [backup = ''] = await listBackups(directory.path);
  expect(backup).toMatch(/-migration\.db$/);
  const store = await openStore({ path: backup, dataDir: join(directory.path, 'elsewhere') });
  expect(await store.countLiveAgents()).toBe(0);
  await store.close();
});

test('finds what is due in a database of the first version', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'airlock.db');
  {
    using connection = disposable(path);
    await migrate(connection.use, path, noBackup, MIGRATIONS.slice(0, 1));
    for (const [key, firstSeq] of [
      ['second', 2],
      ['first', 1],
    ] as const) {
      connection.use.run(
        `INSERT INTO deliveries (key, channel, thread, subject, opensThread, priority, firstSeq, wantedSeq, shownSeq, maybePosted,
           attempts, nextAttemptAt, threadKey, subjectType, subjectId, updatedAt)
         VALUES (?, 'terminal', '{}', '{}', 0, 1, ?, 3, 0, 0, 0, 0, 'thread', 'event', '1', 0)`,
        key,
        firstSeq,
      );
    }
  }
  const store = await openStore({ path, dataDir: directory.path });
  expect((await store.dueDeliveries('terminal', 0, 10)).map(({ key }) => key)).toEqual(['first']);
  await store.close();
});

function disposable(path: string) {
  const use = connect(path, { readOnly: false });
  return { use, [Symbol.dispose]: () => use.close() };
}
