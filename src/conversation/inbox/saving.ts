import type { Clock } from '../../lib/clock.ts';
import type { InboxRecord } from '../../model/inbox.ts';
import type { Store } from '../../store/store.ts';

/** Who comes without patience was held up on the way here; the store has this long all the same. */
const LEAST_MS = 500;

/** `new` and `known` are on the disk; `void` is never worked on. */
export type SaveEnd = 'new' | 'known' | 'void';

export interface Saving {
  /** Known when the row is on the disk or patience ran out. Rejects with what the store threw. */
  end: Promise<SaveEnd>;
  /** When the store has answered: whether the row is on the disk. That of a void one is settled. Never rejects. */
  over: Promise<boolean>;
}

/**
 * Writes the row of a request, or sees to it that it is never worked on: the asker who was told that it is not saved asks again, and only
 * one of the two may run. Both are decided by whether its transaction had begun when `patience` was aborted. What had not is void: its row
 * is written settled, or never, so a crash cannot bring it back. What had begun may be on the disk already and is no longer taken back:
 * `onSlow` tells the asker that it is on its way.
 */
export function saveRequest(
  { store, clock }: { store: Pick<Store, 'transaction'>; clock: Pick<Clock, 'now' | 'after'> },
  row: InboxRecord,
  { patience, onSlow }: { patience: AbortSignal | undefined; onSlow: () => void },
): Saving {
  let stage: 'waiting' | 'writing' | 'void' = 'waiting';
  const voided = Promise.withResolvers<'void'>();
  const writing = store.transaction((tx) => {
    if (stage === 'void') return tx.insertInbox({ ...row, settledAt: clock.now() });
    stage = 'writing';
    return tx.insertInbox(row);
  });
  const giveUp = () => {
    if (stage === 'writing') return onSlow();
    stage = 'void';
    voided.resolve('void');
  };
  const hurry = patience?.aborted === true ? clock.after(LEAST_MS, giveUp) : null;
  const forget = () => {
    hurry?.[Symbol.dispose]();
    patience?.removeEventListener('abort', giveUp);
  };
  patience?.addEventListener('abort', giveUp, { once: true });
  const over = writing
    .then(
      () => true,
      () => false,
    )
    .finally(forget);
  const saved = writing.then((isNew): SaveEnd => (isNew ? 'new' : 'known'));
  return { end: Promise.race([voided.promise, saved]), over };
}
