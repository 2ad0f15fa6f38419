import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../src/store/sqlite/open-store.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { describeStore, type StoreHarness } from './store.ts';

describeStore('SQLite', async (): Promise<StoreHarness> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'airlock-store-'));
  const clock = createManualClock();
  const open = () => openStore({ path: join(dataDir, 'airlock.db'), dataDir, clock, log: silentLogger });
  let store = await open();
  return {
    get store() {
      return store;
    },
    clock,
    async reopen() {
      await store.close();
      store = await open();
      return store;
    },
    async dispose() {
      await store.close();
      await rm(dataDir, { recursive: true });
    },
  };
});
