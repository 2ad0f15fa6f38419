import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { DeliveryRecord } from '../../model/delivery.ts';
import { threadKey } from '../../model/thread.ts';
import type { Store } from '../../store/store.ts';
import type { Card } from '../card.ts';
import type { Channel } from '../channel.ts';
import { createLiveEdits } from './live-edits.ts';
import { inOrder } from './order.ts';
import { sendDelivery } from './send.ts';
import { createTokenBucket } from './token-bucket.ts';
import type { Watchers } from './watchers.ts';

/** Threads served at once on one channel: a slow one blocks no other. */
const MAX_PARALLEL = 32;
/** Looked at in one round; more wait for the next. */
const MAX_DUE = 1000;
/** Later than every time a delivery can wait for. */
export const FAR_FUTURE = Number.MAX_SAFE_INTEGER;
/** How long a stop waits for a platform that holds a send; what became of it is asked at the next start. */
const LAST_SENDS_MS = 3000;
/** After the store failed: it is asked again then. */
const STORE_RETRY_MS = 1000;

export interface DeliveryLoop {
  start(): void;
  /** Begins nothing more and waits for what is being sent. */
  stop(): Promise<void>;
  /** Something new may be due. */
  wake(): void;
  /** A running command wrote something. */
  outputCame(actionId: string): void;
}

export interface DeliveryLoopDeps {
  store: Store;
  channel: Channel;
  clock: Clock;
  log: Logger;
  random: () => number;
  render: (delivery: DeliveryRecord) => Promise<Card | null>;
  /** Told the key whenever a delivery was shown or given up. */
  watchers: Watchers;
}

/**
 * Sends what is due on one channel: approvals before status before live output, posts and edits inside the platform's budgets,
 * one send at a time in a thread, several threads at once. It sleeps until the next due time or until it is woken.
 */
export function createDeliveryLoop(deps: DeliveryLoopDeps): DeliveryLoop {
  const { store, channel, clock, log, watchers } = deps;
  const posts = createTokenBucket(channel.limits.postsPerMinute, clock);
  const edits = createTokenBucket(channel.limits.editsPerMinute, clock);
  const busy = new Map<string, Promise<void>>();
  const editedAt = new Map<string, number>();
  let closing = new AbortController();
  const sends = { ...deps, closing: () => closing.signal };
  const live = createLiveEdits({ ...sends, edits });
  let started = false;
  let round: Promise<void> | null = null;
  let again = false;
  let timer: Disposable | null = null;

  function wake(): void {
    if (!started) return;
    again = true;
    round ??= rounds().finally(() => {
      round = null;
      // Woken between the last look and here.
      if (again) wake();
    });
  }

  async function rounds(): Promise<void> {
    while (again && started) {
      again = false;
      timer?.[Symbol.dispose]();
      try {
        sleepUntil(await sendDue());
      } catch (error) {
        log.error({ err: error, channel: channel.name }, 'delivery round failed');
        sleepUntil(clock.monotonic() + STORE_RETRY_MS);
      }
    }
  }

  function sleepUntil(at: number): void {
    timer?.[Symbol.dispose]();
    timer = Number.isFinite(at) ? clock.after(Math.max(1, Math.ceil(at - clock.monotonic())), wake) : null;
  }

  /** Starts what can be sent now; returns the monotonic time at which the next try is worth while. */
  async function sendDue(): Promise<number> {
    const [epoch, monotonic] = [clock.now(), clock.monotonic()];
    let next = Number.POSITIVE_INFINITY;
    const waitFor = (milliseconds: number) => {
      next = Math.min(next, monotonic + milliseconds);
    };
    const due = await store.dueDeliveries(channel.name, epoch, MAX_DUE);
    for (const delivery of inOrder(due)) {
      if (busy.size >= MAX_PARALLEL || !started) break;
      const thread = threadKey(delivery.thread);
      if (busy.has(thread)) continue;
      const wait = delivery.message === null ? posts.take() : takeEdit(delivery.key);
      if (wait === 0) begin(thread, () => send(delivery));
      else waitFor(wait);
    }
    const retryAt = await nextRetry(epoch);
    if (retryAt !== null) waitFor(retryAt - epoch);
    // Live output comes last and leaves a reserve, so that an approval never waits for it.
    if (started) {
      for (const edit of await live.due(waitFor, (thread) => busy.has(thread), takeLiveEdit)) {
        begin(edit.thread, edit.send);
      }
    }
    return next;
  }

  /** When the next delivery that is not due yet becomes so; what is due is woken for by the end of a send or by tokens. */
  async function nextRetry(epoch: number): Promise<number | null> {
    const earliest = await store.nextDeliveryAt(channel.name);
    if (earliest === null || earliest > epoch) return earliest;
    // Something is due. It may be held back by an older post of its thread, whose time is then the one that counts.
    const open = await store.dueDeliveries(channel.name, FAR_FUTURE, MAX_DUE);
    const later = open.map((delivery) => delivery.nextAttemptAt).filter((at) => at > epoch);
    return later.length === 0 ? null : Math.min(...later);
  }

  /** Milliseconds to wait, or 0 when the edit may go out now. */
  function takeEdit(key: string, reserve = 0): number {
    const since = clock.monotonic() - (editedAt.get(key) ?? Number.NEGATIVE_INFINITY);
    if (since < channel.limits.editIntervalMs) return channel.limits.editIntervalMs - since;
    const wait = edits.take(reserve);
    if (wait === 0) noteEdit(key);
    return wait;
  }

  function takeLiveEdit(key: string): number {
    return takeEdit(key, edits.capacity === Number.POSITIVE_INFINITY ? 0 : Math.floor(edits.capacity / 4));
  }

  function noteEdit(key: string): void {
    const now = clock.monotonic();
    if (editedAt.size > MAX_DUE) {
      for (const [known, at] of editedAt)
        if (now - at > channel.limits.editIntervalMs) editedAt.delete(known);
    }
    editedAt.set(key, now);
  }

  function begin(thread: string, work: () => Promise<void>): void {
    const sending = work()
      .catch((error: unknown) => {
        log.error({ err: error, channel: channel.name }, 'sending failed');
        // The store refused to note the outcome: the row is still due, and a hot loop helps nobody.
        posts.pause(STORE_RETRY_MS);
        edits.pause(STORE_RETRY_MS);
      })
      .finally(() => {
        busy.delete(thread);
        wake();
      });
    busy.set(thread, sending);
  }

  async function send(delivery: DeliveryRecord): Promise<void> {
    const { pauseMs } = await sendDelivery(sends, delivery.key);
    // The interval counts from the end of a call: when the platform took it is not known better.
    if (delivery.message !== null) editedAt.set(delivery.key, clock.monotonic());
    if (pauseMs !== null) (delivery.message === null ? posts : edits).pause(pauseMs);
    watchers.changed(delivery.key);
  }

  return {
    start() {
      closing = new AbortController();
      started = true;
      wake();
    },
    async stop() {
      started = false;
      timer?.[Symbol.dispose]();
      timer = null;
      await round;
      using _limit = clock.after(LAST_SENDS_MS, () => closing.abort());
      await Promise.all(busy.values());
    },
    wake,
    outputCame(actionId) {
      if (live.note(actionId)) wake();
    },
  };
}
