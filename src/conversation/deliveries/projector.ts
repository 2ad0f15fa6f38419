import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { EventRecord } from '../../model/event.ts';
import type { Store, StoreTransaction } from '../../store/store.ts';
import { type DeliveryPlaces, type WantedCard, wantedCards } from './rules.ts';

/** The setting that holds the last event whose deliveries are on record. */
export const CURSOR_SETTING = 'deliveries.cursor';
/** Events of one transaction: enough to coalesce a flood, short enough to let others write. */
const BATCH = 200;

export interface Projector {
  /** Resolves when every event committed before the call has its deliveries on record. */
  catchUp(): Promise<void>;
}

/** Derives deliveries from events: the cursor moves in the transaction that writes them, so none is lost or made twice. */
export function createProjector(deps: {
  store: Store;
  clock: Pick<Clock, 'now'>;
  log: Logger;
  places: DeliveryPlaces;
  /** Channels with something new, after each batch. */
  onProjected: (channels: ReadonlySet<string>) => void;
}): Projector {
  const { store, clock, places, onProjected } = deps;
  let running: Promise<void> = Promise.resolve();
  let queued: Promise<void> | null = null;

  async function run(): Promise<void> {
    queued = null;
    for (;;) {
      const batch = await store.transaction(projectBatch);
      if (batch.channels.size > 0) onProjected(batch.channels);
      if (batch.events < BATCH) return;
    }
  }

  async function projectBatch(tx: StoreTransaction) {
    const cursor = Number((await tx.setting(CURSOR_SETTING)) ?? '0');
    const events = await tx.eventsAfter(cursor, BATCH);
    const channels = new Set<string>();
    for (const event of events) {
      const wanted = await wantedCards(tx, event, places);
      for (const [index, card] of wanted.entries()) {
        await want(tx, card, event, index);
        channels.add(card.channel);
      }
    }
    const last = events.at(-1);
    if (last !== undefined) await tx.setSetting(CURSOR_SETTING, String(last.seq));
    return { events: events.length, channels };
  }

  /** One row a card: a later event raises what it must show, and the present state is rendered when it is sent. */
  async function want(
    tx: StoreTransaction,
    card: WantedCard,
    event: EventRecord,
    index: number,
  ): Promise<void> {
    const known = await tx.delivery(card.key);
    if (known === null) {
      await tx.putDelivery({
        ...card,
        // Cards of one event are posted in the order the rules gave them.
        firstSeq: event.seq + index,
        wantedSeq: event.seq,
        shownSeq: 0,
        message: null,
        maybePosted: false,
        deadReason: null,
        attempts: 0,
        nextAttemptAt: clock.now(),
        lastError: null,
      });
      return;
    }
    // A file is of one event and never changes.
    if (known.deadReason !== null || known.subject.type === 'file' || onlyNamed(event, card)) return;
    const waiting = known.wantedSeq > known.shownSeq;
    await tx.putDelivery({
      ...known,
      priority: waiting && known.priority < card.priority ? known.priority : card.priority,
      wantedSeq: event.seq,
    });
  }

  return {
    catchUp() {
      if (queued === null) {
        const mine = running.then(run);
        queued = mine;
        running = mine.catch(() => undefined);
      }
      return queued;
    },
  };
}

/** An action's event names the agent's card only so that it is posted first; it shows nothing new. */
function onlyNamed(event: EventRecord, card: WantedCard): boolean {
  return card.subject.type === 'agent' && event.body.type.startsWith('action.');
}
