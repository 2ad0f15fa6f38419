import { copyFile, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { listBackups } from '../../../../src/store/sqlite/backup.ts';
import { openStore, openStoreReadOnly } from '../../../../src/store/sqlite/open-store.ts';
import { anAgent } from '../../../fixtures/records.ts';
import { temporaryDirectory } from '../../../fixtures/temporary-directory.ts';

/** A closed database with some rows in `dataDir`. */
async function fill(dataDir: string, options: { backup: boolean }): Promise<string> {
  const path = join(dataDir, 'airlock.db');
  const store = await openStore({ path, dataDir });
  await store.transaction(async (tx) => {
    for (let index = 0; index < 200; index += 1) await tx.insertAgent(anAgent({ name: `agent-${index}` }));
  });
  if (options.backup) await store.backup('manual');
  await store.close();
  return path;
}

async function snapshot(dataDir: string): Promise<Map<string, string>> {
  const files = (await readdir(dataDir, { withFileTypes: true })).filter((entry) => entry.isFile());
  const contents = files.map(
    async ({ name }) => [name, (await readFile(join(dataDir, name))).toString('base64')] as const,
  );
  return new Map(await Promise.all(contents));
}

const DAMAGE: readonly (readonly [string, (path: string) => Promise<void>])[] = [
  ['is overwritten with text', (path) => writeFile(path, 'not a database'.repeat(1000))],
  ['has a damaged page', (path) => overwrite(path, 2 * 4096, 4096)],
  ['is cut in half', async (path) => truncate(path, Math.floor((await readFile(path)).length / 8192) * 4096)],
  ['is emptied', (path) => truncate(path, 0)],
  ['is removed', (path) => rm(path)],
];

async function overwrite(path: string, from: number, length: number): Promise<void> {
  const bytes = await readFile(path);
  bytes.fill(0xa5, from, from + length);
  await writeFile(path, bytes);
}

test.each(DAMAGE)(
  'refuses a database that %s, names the newest backup and touches nothing',
  async (_, damage) => {
    await using directory = await temporaryDirectory();
    const path = await fill(directory.path, { backup: true });
    await damage(path);
    const before = await snapshot(directory.path);
    const [backup] = await listBackups(directory.path);

    await expect(openStore({ path, dataDir: directory.path })).rejects.toMatchObject({
      code: 'DATABASE_CORRUPT',
      hint: expect.stringContaining(`cp ${backup} ${path}`),
    });
    expect(await snapshot(directory.path)).toEqual(before);
  },
);

test('opens again after the backup was copied back as the hint says', async () => {
  await using directory = await temporaryDirectory();
  const path = await fill(directory.path, { backup: true });
  await writeFile(path, 'not a database');
  const [backup = ''] = await listBackups(directory.path);
  await copyFile(backup, path);
  const store = await openStore({ path, dataDir: directory.path });
  expect(await store.countLiveAgents()).toBe(200);
  await store.close();
});

test('says that there is no backup when there is none', async () => {
  await using directory = await temporaryDirectory();
  const path = await fill(directory.path, { backup: false });
  await writeFile(path, 'not a database');
  await expect(openStore({ path, dataDir: directory.path })).rejects.toMatchObject({
    code: 'DATABASE_CORRUPT',
    hint: expect.stringContaining('no backup'),
  });
});

test('refuses a database of another program and leaves it as it is', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'airlock.db');
  const other = new DatabaseSync(path);
  other.exec('CREATE TABLE theirs (x); PRAGMA user_version = 1');
  other.close();
  const before = await snapshot(directory.path);
  await expect(openStore({ path, dataDir: directory.path })).rejects.toMatchObject({
    code: 'DATABASE_CORRUPT',
    message: expect.stringContaining('not a database of Airlock'),
  });
  expect(await snapshot(directory.path)).toEqual(before);
});

test('refuses a database of a newer Airlock, for writing and for reading, and leaves it as it is', async () => {
  await using directory = await temporaryDirectory();
  const path = await fill(directory.path, { backup: false });
  const newer = new DatabaseSync(path);
  newer.exec('PRAGMA user_version = 99');
  newer.close();
  const before = await snapshot(directory.path);
  await expect(openStore({ path, dataDir: directory.path })).rejects.toMatchObject({
    code: 'DATABASE_NEWER',
  });
  expect(await snapshot(directory.path)).toEqual(before);
  await expect(openStoreReadOnly({ path })).rejects.toMatchObject({ code: 'DATABASE_NEWER' });
});

test('refuses to read where there is no database, and makes none', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'airlock.db');
  await expect(openStoreReadOnly({ path })).rejects.toMatchObject({
    code: 'DATA_DIR_UNUSABLE',
    hint: expect.stringContaining('AIRLOCK_DATA_DIR'),
  });
  expect(await readdir(directory.path)).toEqual([]);
});

test('reports a row that was changed by hand into nonsense as damage', async () => {
  await using directory = await temporaryDirectory();
  const path = await fill(directory.path, { backup: false });
  const hand = new DatabaseSync(path);
  hand.exec(`UPDATE agents SET limits = 'nonsense' WHERE name = 'agent-7'`);
  hand.close();
  const store = await openStore({ path, dataDir: directory.path });
  await expect(store.liveAgentByName('agent-7')).rejects.toMatchObject({ code: 'DATABASE_CORRUPT' });
  expect(await store.liveAgentByName('agent-8')).not.toBeNull();
  await store.close();
});

test('says what to do when the directory of the database is missing', async () => {
  await using directory = await temporaryDirectory();
  const dataDir = join(directory.path, 'missing');
  await expect(openStore({ path: join(dataDir, 'airlock.db'), dataDir })).rejects.toMatchObject({
    code: 'DATA_DIR_UNUSABLE',
    hint: expect.stringContaining('AIRLOCK_DATA_DIR'),
  });
});

test('keeps the database and its log for their owner alone', async () => {
  await using directory = await temporaryDirectory();
  const store = await openStore({ path: join(directory.path, 'airlock.db'), dataDir: directory.path });
  await store.transaction((tx) => tx.setSetting('a', 'b'));
  for (const name of await readdir(directory.path)) {
    expect((await stat(join(directory.path, name))).mode & 0o777).toBe(0o600);
  }
  await store.close();
});
