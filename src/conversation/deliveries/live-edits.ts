import { AppError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { DeliveryRecord } from '../../model/delivery.ts';
import { threadKey, type ThreadRef } from '../../model/thread.ts';
import type { StoreReads } from '../../store/store.ts';
import type { Card } from '../card.ts';
import type { Channel } from '../channel.ts';
import { withPlatformDeadline } from '../platform-deadline.ts';
import { isRoomOnly, retryAfterOf } from './backoff.ts';
import { deliveryKey } from './rules.ts';
import { SEND_DEADLINE_MS } from './send.ts';

/** Actions whose card took no edit any more; the oldest is forgotten first. */
const MAX_GIVEN_UP = 1000;

/** Whose card is edited, and where. */
export type EditPlace = Pick<DeliveryRecord, 'key' | 'thread'>;

export interface LiveEdits {
  /** Something was written; true when that is news. */
  note(actionId: string): boolean;
  /** The edits that may go out now, one a thread. `take` gives a token or says how long to wait. */
  due(
    waitFor: (milliseconds: number) => void,
    isBusy: (thread: string) => boolean,
    take: (place: EditPlace) => number,
  ): Promise<LiveEdit[]>;
}

/** One edit that may go out now. */
export interface LiveEdit {
  /** Of the delivery. */
  key: string;
  thread: string;
  send: () => Promise<void>;
}

/**
 * Shows what running commands write, by editing their cards. Nothing of it is stored: a card that misses some of it gets the
 * rest with its next edit, and the outcome is a delivery of its own.
 */
export function createLiveEdits(deps: {
  store: StoreReads;
  channel: Channel;
  clock: Clock;
  log: Logger;
  render: (delivery: DeliveryRecord) => Promise<Card | null>;
  /** The platform wants to be left alone so long: as a whole, or with the room of that thread. */
  pause: (thread: ThreadRef, milliseconds: number, scope: 'channel' | 'room') => void;
  closing: () => AbortSignal;
}): LiveEdits {
  const { store, channel, clock, log, pause } = deps;
  const fresh = new Set<string>();
  const givenUp = new Set<string>();

  function giveUp(actionId: string): void {
    givenUp.add(actionId);
    const [oldest] = givenUp;
    if (givenUp.size > MAX_GIVEN_UP && oldest !== undefined) givenUp.delete(oldest);
  }

  async function send(actionId: string, delivery: DeliveryRecord): Promise<void> {
    const card = await deps.render(delivery);
    // The command has ended meanwhile: its outcome is due as a delivery.
    if (delivery.message === null || card?.output?.live !== true) return;
    try {
      await withPlatformDeadline(channel.update(delivery.message, card), {
        clock,
        limitMs: SEND_DEADLINE_MS,
        signal: deps.closing(),
      });
    } catch (error) {
      // Only the look of the moment is lost; the next output or the outcome edits the card again.
      if (!(error instanceof AppError)) throw error;
      log.debug({ key: delivery.key, code: error.code }, 'live output not shown');
      // A card that is gone must not hold up the edits of all others; its outcome tells the team.
      if (error.code === 'CHANNEL_PERMANENT') return giveUp(actionId);
      const pauseMs = retryAfterOf(error.context) ?? channel.limits.editIntervalMs;
      pause(delivery.thread, pauseMs, isRoomOnly(error.context) ? 'room' : 'channel');
    }
  }

  return {
    note(actionId) {
      if (fresh.has(actionId) || givenUp.has(actionId)) return false;
      fresh.add(actionId);
      return true;
    },
    async due(waitFor, isBusy, take) {
      const found: LiveEdit[] = [];
      for (const actionId of fresh) {
        const key = deliveryKey(channel.name, { type: 'action', id: actionId });
        const delivery = await store.delivery(key);
        const postable = delivery !== null && delivery.message !== null && delivery.deadReason === null;
        if (!postable || delivery.wantedSeq > delivery.shownSeq) {
          // Its card is not there or about to be edited anyway, with all output so far.
          fresh.delete(actionId);
          continue;
        }
        const thread = threadKey(delivery.thread);
        if (isBusy(thread) || found.some((edit) => edit.thread === thread)) continue;
        const wait = take(delivery);
        if (wait > 0) {
          waitFor(wait);
          continue;
        }
        fresh.delete(actionId);
        found.push({ key, thread, send: () => send(actionId, delivery) });
      }
      return found;
    },
  };
}
