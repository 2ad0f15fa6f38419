import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { silentLogger } from '../../../../src/lib/logger.ts';
import { listBackups } from '../../../../src/store/sqlite/backup.ts';
import { startDailyBackups } from '../../../../src/store/sqlite/daily-backups.ts';
import { openStore, openStoreReadOnly } from '../../../../src/store/sqlite/open-store.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { temporaryDirectory } from '../../../fixtures/temporary-directory.ts';

const HOUR_MS = 3_600_000;

async function open(dataDir: string) {
  const clock = createManualClock(Date.UTC(2026, 0, 1));
  const store = await openStore({ path: join(dataDir, 'airlock.db'), dataDir, clock, log: silentLogger });
  return { store, clock };
}

test('is a whole database for its owner alone, under a name with its time and reason', async () => {
  await using directory = await temporaryDirectory();
  const { store } = await open(directory.path);
  await store.transaction((tx) => tx.setSetting('kept', 'yes'));
  const path = await store.backup('daily');
  await store.transaction((tx) => tx.setSetting('kept', 'changed later'));
  await store.close();

  expect(basename(path)).toBe('airlock-20260101T000000.000Z-daily.db');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const copy = await openStoreReadOnly({ path });
  expect(await copy.setting('kept')).toBe('yes');
  await copy.close();
});

test('keeps the newest seven', async () => {
  await using directory = await temporaryDirectory();
  const { store, clock } = await open(directory.path);
  const made: string[] = [];
  for (let index = 0; index < 9; index += 1) {
    made.push(await store.backup(index % 2 === 0 ? 'daily' : 'manual'));
    clock.advance(1_000);
  }
  await store.close();
  expect(await listBackups(directory.path)).toEqual(made.slice(2).toReversed());
});

test('never takes a partial copy for a backup, and clears it away at the next start', async () => {
  await using directory = await temporaryDirectory();
  const backups = join(directory.path, 'backups');
  await mkdir(backups);
  await writeFile(join(backups, 'airlock-20250101T000000.000Z-daily.db.partial'), 'half');
  expect(await listBackups(directory.path)).toEqual([]);
  const { store } = await open(directory.path);
  await store.close();
  expect(await readdir(backups)).toEqual([]);
});

test('finishes a backup that was begun before close, and refuses one after', async () => {
  await using directory = await temporaryDirectory();
  const { store } = await open(directory.path);
  const running = store.backup('manual');
  await store.close();
  expect(await listBackups(directory.path)).toEqual([await running]);
  await expect(store.backup('manual')).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
});

test('makes one a day, counted over restarts, and tries again in an hour after a failure', async () => {
  await using directory = await temporaryDirectory();
  const { store, clock } = await open(directory.path);
  let failures = 1;
  let made = 0;
  const counted = {
    ...store,
    async backup() {
      if (failures > 0) {
        failures -= 1;
        throw new Error('no space');
      }
      made += 1;
      return 'a path';
    },
  };
  /** The work of a timer is over once the next one is armed. */
  const settled = () => vi.waitFor(() => expect(clock.armed).toBe(1));
  const begin = () => startDailyBackups({ store: counted, clock, log: silentLogger });

  const first = await begin();
  clock.advance(60_000);
  await settled();
  expect({ failures, made }).toEqual({ failures: 0, made: 0 });
  clock.advance(HOUR_MS);
  await settled();
  expect(made).toBe(1);
  first[Symbol.dispose]();
  expect(clock.armed).toBe(0);

  clock.advance(20 * HOUR_MS);
  const second = await begin();
  clock.advance(4 * HOUR_MS - 1);
  expect(made).toBe(1);
  clock.advance(1);
  await settled();
  expect(made).toBe(2);
  second[Symbol.dispose]();
  await store.close();
});
