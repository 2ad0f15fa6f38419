import { type AppError, toAppError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { AGENT_STATUSES } from '../../model/agent.ts';
import type { DeliveryRecord } from '../../model/delivery.ts';
import { threadKey } from '../../model/thread.ts';
import type { Store, StoreTransaction } from '../../store/store.ts';
import type { Card } from '../card.ts';
import type { Channel } from '../channel.ts';
import { withPlatformDeadline } from '../platform-deadline.ts';
import { retryAfterOf, retryDelayMs } from './backoff.ts';
import { deliveryKey } from './rules.ts';

/** A platform that does not answer holds its thread no longer than this. */
export const SEND_DEADLINE_MS = 60_000;
/** An action waits this long for the thread of its agent before it looks again. */
const THREAD_WAIT_MS = 1000;
/** Errors that are no platform's (a defect of ours) are not retried for ever. */
const MAX_UNEXPECTED = 8;

export interface SendDeps {
  store: Store;
  channel: Channel;
  clock: Clock;
  log: Logger;
  random: () => number;
  /** Of the present run; aborted when nothing is waited for any more. */
  closing: () => AbortSignal;
  /** The card as it is now. */
  render: (delivery: DeliveryRecord) => Promise<Card | null>;
}

/** How one try went. `pauseMs`: the platform asked the whole channel to wait. */
export interface SendOutcome {
  pauseMs: number | null;
}

/**
 * Brings one card up to date on its platform: posts it or edits it. What may have landed is written down before the call, what
 * did after it, so that a crash between loses nothing and the key finds what was posted. Never throws for a platform's errors.
 */
export async function sendDelivery(deps: SendDeps, key: string): Promise<SendOutcome> {
  const { store } = deps;
  const ready = await store.transaction((tx) => begin(deps, tx, key));
  if (ready === null) return { pauseMs: null };
  try {
    const card = await deps.render(ready.delivery);
    if (card === null) await patch(store, key, { shownSeq: ready.delivery.wantedSeq });
    else await hand(deps, ready, card);
    return { pauseMs: null };
  } catch (error) {
    return await failed(deps, key, toAppError(error));
  }
}

interface Ready {
  delivery: DeliveryRecord;
  /** As it was before this try. */
  maybePosted: boolean;
}

/** Looks again in a transaction, and marks a post as begun. Null when nothing is to be sent now. */
async function begin(deps: SendDeps, tx: StoreTransaction, key: string): Promise<Ready | null> {
  const delivery = await tx.delivery(key);
  if (delivery === null || delivery.deadReason !== null) return null;
  if (delivery.shownSeq >= delivery.wantedSeq) return null;
  if (delivery.message !== null) return { delivery, maybePosted: false };
  const moved = delivery.maybePosted ? 'stay' : await placeOf(tx, delivery);
  if (moved === 'wait') {
    await tx.putDelivery({ ...delivery, nextAttemptAt: deps.clock.now() + THREAD_WAIT_MS });
    return null;
  }
  if (moved !== 'stay') {
    await tx.putDelivery({ ...delivery, thread: moved });
    return null;
  }
  await tx.putDelivery({ ...delivery, maybePosted: true });
  return { delivery, maybePosted: delivery.maybePosted };
}

/** An agent's thread may have been opened since, or be about to be. */
async function placeOf(tx: StoreTransaction, delivery: DeliveryRecord) {
  if (delivery.subject.type !== 'action') return 'stay';
  const action = await tx.action(delivery.subject.id);
  const agentId = action?.agentId ?? null;
  const agent = agentId === null ? null : await tx.agent(agentId);
  if (agent === null || agent.thread.channel !== delivery.channel) return 'stay';
  if (threadKey(agent.thread) !== threadKey(delivery.thread)) return agent.thread;
  const own = await tx.delivery(deliveryKey(delivery.channel, { type: 'agent', id: agent.id }));
  const opening = own !== null && own.opensThread && own.deadReason === null && own.wantedSeq > own.shownSeq;
  return opening ? 'wait' : 'stay';
}

async function hand(deps: SendDeps, { delivery, maybePosted }: Ready, card: Card): Promise<void> {
  const { channel, store } = deps;
  const { key, wantedSeq } = delivery;
  const settled = { attempts: 0, lastError: null, nextAttemptAt: 0 };
  if (delivery.message !== null && !delivery.opensThread) {
    await inTime(deps, channel.update(delivery.message, card));
    await patch(store, key, { ...settled, shownSeq: wantedSeq });
    return;
  }
  let { message } = delivery;
  // What an earlier try posted may be of an earlier state, so it is edited next; a notice has only one.
  const perhapsOld = maybePosted && delivery.subject.type !== 'event';
  if (message === null) {
    message = await inTime(deps, channel.post(delivery.thread, card, key, { maybePosted }));
    // Until its thread is open a card counts as not shown.
    const shown = delivery.opensThread || perhapsOld ? {} : { shownSeq: wantedSeq };
    await patch(store, key, { ...settled, message, maybePosted: false, ...shown });
  }
  if (!delivery.opensThread) return;
  const thread = await inTime(deps, channel.openThread(message, card, key));
  await store.transaction(async (tx) => {
    const now = await tx.delivery(key);
    if (now === null) return;
    if (now.subject.type === 'agent')
      await tx.updateAgent(now.subject.id, { from: AGENT_STATUSES }, { thread });
    const shownSeq = delivery.message === null && !perhapsOld ? wantedSeq : now.shownSeq;
    await tx.putDelivery({ ...now, ...settled, opensThread: false, shownSeq });
  });
}

async function failed(deps: SendDeps, key: string, error: AppError): Promise<SendOutcome> {
  const { store, clock, log, random } = deps;
  const expected = error.code === 'CHANNEL_TRANSIENT' || error.code === 'CHANNEL_PERMANENT';
  const retryAfterMs = error.code === 'CHANNEL_TRANSIENT' ? retryAfterOf(error.context) : null;
  await store.transaction(async (tx) => {
    const now = await tx.delivery(key);
    if (now === null) return;
    const attempts = now.attempts + 1;
    if (error.code === 'CHANNEL_PERMANENT' || (!expected && attempts >= MAX_UNEXPECTED)) {
      await tx.putDelivery({ ...now, attempts, deadReason: error.message, lastError: error.message });
      await tellTeam(tx, now, error);
      return;
    }
    const delay = retryDelayMs(attempts, retryAfterMs, random);
    await tx.putDelivery({
      ...now,
      attempts,
      lastError: error.message,
      nextAttemptAt: clock.now() + delay,
    });
  });
  if (expected) log.warn({ key, code: error.code, reason: error.message }, 'delivery failed');
  else log.error({ key, err: error.cause ?? error }, 'delivery failed unexpectedly');
  return { pauseMs: retryAfterMs };
}

/** What can never be delivered is told to the team, once; a team notice that cannot be delivered is only logged. */
async function tellTeam(tx: StoreTransaction, delivery: DeliveryRecord, error: AppError): Promise<void> {
  if (delivery.subject.type === 'event') {
    const event = await tx.event(delivery.subject.seq);
    if (event === null || event.body.type === 'team.notice') return;
  }
  const what =
    delivery.subject.type === 'event'
      ? `notice ${delivery.subject.seq}`
      : `${delivery.subject.type} ${delivery.subject.id}`;
  await tx.appendEvent({
    type: 'team.notice',
    title: `A card could not be delivered on ${delivery.channel}`,
    text: `${what} in room ${delivery.thread.room}: ${error.message}`,
    tone: 'failure',
  });
}

/** Changes the row as it is now: an event may have raised what it must show in the meantime. */
async function patch(store: Store, key: string, change: Partial<DeliveryRecord>): Promise<void> {
  await store.transaction(async (tx) => {
    const now = await tx.delivery(key);
    if (now !== null) await tx.putDelivery({ ...now, ...change });
  });
}

function inTime<T>({ clock, closing }: SendDeps, sending: Promise<T>): Promise<T> {
  return withPlatformDeadline(sending, { clock, limitMs: SEND_DEADLINE_MS, signal: closing() });
}
