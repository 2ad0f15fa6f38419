import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Store } from '../store.ts';

const DAY_MS = 24 * 3_600_000;
/** After a failure (a full disk, mostly). */
const RETRY_MS = 3_600_000;
/** The first one ever, and one that fell due while the bot was down: not in the middle of the start. */
const SOON_MS = 60_000;
/** When the last daily backup was made, epoch milliseconds. */
const SETTING = 'backup.daily.at';

/** Makes a backup a day, counted over restarts. A failure is logged and tried again in an hour. Disposing ends it. */
export async function startDailyBackups(parts: {
  store: Store;
  clock: Clock;
  log: Logger;
}): Promise<Disposable> {
  const { store, clock, log } = parts;
  let timer: Disposable | null = null;
  let ended = false;

  const arm = (delayMs: number) => {
    if (!ended) timer = clock.after(delayMs, () => void once());
  };
  async function once(): Promise<void> {
    try {
      const path = await store.backup('daily');
      await store.transaction((tx) => tx.setSetting(SETTING, String(clock.now())));
      log.info({ path }, 'database backed up');
      arm(DAY_MS);
    } catch (error) {
      if (ended) return;
      log.warn({ error }, 'the daily backup of the database failed');
      arm(RETRY_MS);
    }
  }

  const last = Number((await store.setting(SETTING)) ?? 0);
  arm(Math.max(SOON_MS, last + DAY_MS - clock.now()));
  return {
    [Symbol.dispose]() {
      ended = true;
      timer?.[Symbol.dispose]();
    },
  };
}
