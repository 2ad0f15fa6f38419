import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Store } from '../store/store.ts';
import { CURSOR_SETTING } from './deliveries/projector.ts';

const DAY_MS = 24 * 3_600_000;
/** Platforms redeliver for minutes; a day leaves room for a machine that slept. */
const KEEP_INBOX_MS = DAY_MS;
/** A card that is edited after its row is gone would be posted again; live agents end long before. */
const KEEP_DELIVERIES_MS = 30 * DAY_MS;
/** Timelines of cards are drawn from events. */
const KEEP_EVENTS_MS = 30 * DAY_MS;

export interface Housekeeping {
  start(): Promise<void>;
  stop(): void;
}

/** Tells the team the head of the audit at start and daily, and drops what has aged. */
export function createHousekeeping(deps: {
  store: Pick<Store, 'transaction'>;
  clock: Clock;
  log: Logger;
}): Housekeeping {
  const { store, clock, log } = deps;
  let timer: Disposable | null = null;
  let running = false;

  async function postAuditHead(): Promise<void> {
    await store.transaction(async (tx) => {
      const { seq, hash } = await tx.auditHead();
      await tx.appendEvent({
        type: 'team.notice',
        title: seq === 0 ? 'Audit head: nothing is on record yet' : `Audit head ${seq}`,
        text:
          seq === 0
            ? ''
            : `npm run airlock -- audit verify --head ${seq}:${hash} checks the record against it`,
        tone: 'neutral',
      });
    });
  }

  async function dropOld(): Promise<void> {
    const now = clock.now();
    await store.transaction(async (tx) => {
      // After a long sleep even old events may have no card yet.
      const cursor = Number((await tx.setting(CURSOR_SETTING)) ?? '0');
      const [notRead] = await tx.eventsAfter(cursor, 1);
      await tx.prune({
        inbox: now - KEEP_INBOX_MS,
        deliveries: now - KEEP_DELIVERIES_MS,
        events: Math.min(now - KEEP_EVENTS_MS, notRead?.at ?? now),
      });
    });
  }

  async function daily(): Promise<void> {
    try {
      await dropOld();
      await postAuditHead();
    } catch (error) {
      log.error({ err: error }, 'daily housekeeping failed');
    }
    if (running) arm();
  }

  function arm(): void {
    timer?.[Symbol.dispose]();
    timer = clock.after(DAY_MS, () => void daily());
  }

  return {
    async start() {
      if (running) return;
      running = true;
      // Here too: a bot that is restarted every day would never get to it.
      await dropOld();
      await postAuditHead();
      arm();
    },
    stop() {
      running = false;
      timer?.[Symbol.dispose]();
      timer = null;
    },
  };
}
