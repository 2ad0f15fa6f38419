import type { DeliveryRecord } from '../../model/delivery.ts';
import { threadKey, type ThreadRef } from '../../model/thread.ts';
import { createLiveEdits, type EditPlace, type LiveEdit } from './live-edits.ts';
import { createRoomBudgets } from './room-budgets.ts';
import { type SendDeps, sendDelivery } from './send.ts';
import { createTokenBucket } from './token-bucket.ts';
import type { Watchers } from './watchers.ts';

/** Threads served at once on one channel: a slow one blocks no other. */
const MAX_PARALLEL = 32;
/** Looked at first in one round: more only where all of it waits for budgets. */
const MAX_DUE = 1000;
/** Messages whose last edit is remembered before old ones are dropped. */
const MAX_EDITED = 1000;
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

export interface DeliveryLoopDeps extends Omit<SendDeps, 'closing'> {
  /** Told the key whenever a delivery was shown or given up. */
  watchers: Watchers;
}

/**
 * Sends what is due on one channel: approvals before status before live output, posts and edits inside the budgets of the
 * platform and its rooms, one send at a time in a thread, several threads at once. What has to wait delays nothing else. It sleeps
 * until the next due time or until it is woken.
 */
export function createDeliveryLoop(deps: DeliveryLoopDeps): DeliveryLoop {
  const { store, channel, clock, log, watchers } = deps;
  const posts = createTokenBucket(channel.limits.postsPerMinute, clock);
  const rooms = createRoomBudgets(channel.limits.postsPerRoomPerMinute, clock);
  const edits = createTokenBucket(channel.limits.editsPerMinute, clock);
  // A room has no budget of edits of its own; it may ask for a pause.
  const editRooms = createRoomBudgets(Number.POSITIVE_INFINITY, clock);
  const busy = new Map<string, Promise<void>>();
  const editedAt = new Map<string, number>();
  let closing = new AbortController();
  const sends = { ...deps, closing: () => closing.signal };
  const live = createLiveEdits({ ...sends, pause: pauseEdits });
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
    for (let limit = MAX_DUE; ; limit *= 4) {
      const due = await store.dueDeliveries(channel.name, epoch, limit);
      for (const delivery of due) {
        if (busy.size >= MAX_PARALLEL || !started) break;
        const thread = threadKey(delivery.thread);
        if (busy.has(thread)) continue;
        const wait = delivery.message === null ? takePost(delivery) : takeStateEdit(delivery);
        if (wait === 0) begin(thread, () => send(delivery));
        else waitFor(wait);
      }
      // A queue of what has to wait must not hide what need not.
      if (due.length < limit || busy.size >= MAX_PARALLEL || !started) break;
    }
    // What is due already is woken for by the end of a send or by tokens.
    const retryAt = await store.nextDeliveryAt(channel.name, epoch);
    if (retryAt !== null) waitFor(retryAt - epoch);
    // Live output comes last and leaves a reserve, so that an approval never waits for it.
    if (started) {
      for (const edit of await live.due(waitFor, (thread) => busy.has(thread), takeLiveEdit)) {
        begin(edit.thread, () => sendLive(edit));
      }
    }
    return next;
  }

  /** Milliseconds to wait, or 0 when the post may go out now. Both budgets are asked before either gives. */
  function takePost({ thread }: DeliveryRecord): number {
    const room = rooms.of(thread);
    const wait = Math.max(posts.wait(), room.wait());
    if (wait === 0) {
      posts.take();
      room.take();
    }
    return wait;
  }

  /** Milliseconds until that was edited so long ago. */
  function untilEditable(key: string, intervalMs: number): number {
    return Math.max(0, (editedAt.get(key) ?? Number.NEGATIVE_INFINITY) + intervalMs - clock.monotonic());
  }

  /** Milliseconds to wait, or 0 when the edit may go out now. */
  function takeEdit({ key, thread }: EditPlace, intervalMs: number, reserve = 0): number {
    const early = Math.max(untilEditable(key, intervalMs), editRooms.of(thread).wait());
    if (early > 0) return early;
    const wait = edits.take(reserve);
    if (wait === 0) noteEdit(key);
    return wait;
  }

  /** What people decide by is shown at once, inside the budget; everything else keeps the interval. */
  function takeStateEdit(delivery: DeliveryRecord): number {
    return takeEdit(delivery, delivery.priority === 0 ? 0 : channel.limits.editIntervalMs);
  }

  /** What runs side by side in a thread takes turns: where a platform counts edits by thread, a decision there finds room. */
  function takeLiveEdit(place: EditPlace): number {
    const { editIntervalMs } = channel.limits;
    const thread = threadKey(place.thread);
    const early = untilEditable(thread, editIntervalMs);
    if (early > 0) return early;
    const reserve = edits.capacity === Number.POSITIVE_INFINITY ? 0 : Math.floor(edits.capacity / 4);
    const wait = takeEdit(place, editIntervalMs, reserve);
    if (wait === 0) noteEdit(thread);
    return wait;
  }

  function pauseEdits(thread: ThreadRef, milliseconds: number, scope: 'channel' | 'room'): void {
    (scope === 'room' ? editRooms.of(thread) : edits).pause(milliseconds);
  }

  function noteEdit(key: string): void {
    const now = clock.monotonic();
    if (editedAt.size > MAX_EDITED) {
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

  async function sendLive(edit: LiveEdit): Promise<void> {
    await edit.send();
    noteEdit(edit.key);
    noteEdit(edit.thread);
  }

  async function send(delivery: DeliveryRecord): Promise<void> {
    const { called, pauseMs, scope } = await sendDelivery(sends, delivery);
    if (delivery.message === null) {
      const room = rooms.of(delivery.thread);
      if (!called) {
        posts.giveBack();
        room.giveBack();
      }
      if (pauseMs !== null) (scope === 'room' ? room : posts).pause(pauseMs);
    } else {
      // The interval counts from the end of a call: when the platform took it is not known better.
      editedAt.set(delivery.key, clock.monotonic());
      if (!called) edits.giveBack();
      if (pauseMs !== null) pauseEdits(delivery.thread, pauseMs, scope);
    }
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
