import { AppError, toAppError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { AGENT_STATUSES } from '../../model/agent.ts';
import type { DeliveryRecord, DeliverySubject } from '../../model/delivery.ts';
import { type ThreadRef, threadKey } from '../../model/thread.ts';
import type { Store, StoreTransaction } from '../../store/store.ts';
import type { Card } from '../card.ts';
import type { Channel, UploadFile } from '../channel.ts';
import { withPlatformDeadline } from '../platform-deadline.ts';
import { isRoomOnly, retryAfterOf, retryDelayMs } from './backoff.ts';
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
  /** The file of a delivery that is one; null when there is nothing to attach. */
  attach: (subject: FileSubject) => Promise<UploadFile | null>;
}

type FileSubject = Extract<DeliverySubject, { type: 'file' }>;

/** How one try went. */
export interface SendOutcome {
  /** The platform was asked for something. */
  called: boolean;
  /** It wants to be left alone so long, and where. */
  pauseMs: number | null;
  scope: 'channel' | 'room';
}
const NOT_CALLED: SendOutcome = { called: false, pauseMs: null, scope: 'channel' };
const CALLED: SendOutcome = { ...NOT_CALLED, called: true };

/**
 * Brings one card up to date on its platform, posted or edited, or puts a file there. What may have landed is written down before the call, what
 * did after it, so that a crash between loses nothing and the key finds what was posted. Never throws for a platform's errors.
 */
export async function sendDelivery(
  deps: SendDeps,
  { key, message }: Pick<DeliveryRecord, 'key' | 'message'>,
): Promise<SendOutcome> {
  const { store } = deps;
  const ready = await store.transaction((tx) => begin(deps, tx, key, message === null));
  if (ready === null) return NOT_CALLED;
  const { delivery } = ready;
  try {
    const { subject } = delivery;
    const called =
      subject.type === 'file'
        ? await handFile(deps, ready, await deps.attach(subject))
        : await handCard(deps, ready, await deps.render(delivery));
    return called ? CALLED : NOT_CALLED;
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
async function begin(
  deps: SendDeps,
  tx: StoreTransaction,
  key: string,
  asPost: boolean,
): Promise<Ready | null> {
  const delivery = await tx.delivery(key);
  if (delivery === null || delivery.deadReason !== null) return null;
  if (delivery.shownSeq >= delivery.wantedSeq) return null;
  // Posted since it was looked at: an edit has a budget and a pace of its own.
  if (delivery.message !== null) return asPost ? null : { delivery, maybePosted: false };
  const instead = delivery.maybePosted ? null : await placeOf(tx, delivery, deps.clock.now());
  if (instead !== null) {
    await tx.putDelivery({ ...delivery, ...instead });
    return null;
  }
  await tx.putDelivery({ ...delivery, maybePosted: true });
  return { delivery, maybePosted: delivery.maybePosted };
}

/** What becomes of a delivery that is not to be sent here and now; null when it is. */
async function placeOf(
  tx: StoreTransaction,
  delivery: DeliveryRecord,
  now: number,
): Promise<Partial<DeliveryRecord> | null> {
  const { subject } = delivery;
  if (subject.type === 'file') return placeOfFile(tx, delivery, subject, now);
  const moved = subject.type === 'action' ? await placeOfAction(tx, delivery, subject.id) : 'stay';
  if (moved === 'stay') return null;
  return moved === 'wait' ? { nextAttemptAt: now + THREAD_WAIT_MS } : { thread: moved };
}

/** A file follows its card: after it, where it is, and not at all where the card can never be. */
async function placeOfFile(
  tx: StoreTransaction,
  delivery: DeliveryRecord,
  { actionId }: FileSubject,
  now: number,
): Promise<Partial<DeliveryRecord> | null> {
  const card = await tx.delivery(deliveryKey(delivery.channel, { type: 'action', id: actionId }));
  // The team was told of the card, and the file alone says nothing.
  if (card === null || card.deadReason !== null) return { shownSeq: delivery.wantedSeq };
  if (card.message === null || card.shownSeq < delivery.wantedSeq) {
    return { nextAttemptAt: Math.max(now + THREAD_WAIT_MS, card.nextAttemptAt) };
  }
  return threadKey(card.thread) === threadKey(delivery.thread) ? null : { thread: card.thread };
}

/** An agent's thread may have been opened since, or be about to be. */
async function placeOfAction(
  tx: StoreTransaction,
  delivery: DeliveryRecord,
  actionId: string,
): Promise<ThreadRef | 'stay' | 'wait'> {
  const action = await tx.action(actionId);
  const agentId = action?.agentId ?? null;
  const agent = agentId === null ? null : await tx.agent(agentId);
  if (agent === null || agent.thread.channel !== delivery.channel) return 'stay';
  if (threadKey(agent.thread) !== threadKey(delivery.thread)) return agent.thread;
  const own = await tx.delivery(deliveryKey(delivery.channel, { type: 'agent', id: agent.id }));
  const opening = own !== null && own.opensThread && own.deadReason === null && own.wantedSeq > own.shownSeq;
  return opening ? 'wait' : 'stay';
}

/** Of a delivery whose platform has taken it. */
const SETTLED = { attempts: 0, lastError: null, nextAttemptAt: 0 };

/** False when there was nothing to attach any more. */
async function handFile(
  deps: SendDeps,
  { delivery, maybePosted }: Ready,
  file: UploadFile | null,
): Promise<boolean> {
  const { channel, store } = deps;
  const { key, thread, wantedSeq } = delivery;
  const message =
    file === null ? null : await inTime(deps, channel.upload(thread, file, key, { maybePosted }));
  await patch(store, key, { ...SETTLED, message, maybePosted: false, shownSeq: wantedSeq });
  return file !== null;
}

/** False when there is no card any more. */
async function handCard(deps: SendDeps, ready: Ready, card: Card | null): Promise<boolean> {
  const { delivery } = ready;
  if (card === null) {
    await patch(deps.store, delivery.key, { maybePosted: ready.maybePosted, shownSeq: delivery.wantedSeq });
    return false;
  }
  await postOrEdit(deps, ready, card);
  return true;
}

async function postOrEdit(deps: SendDeps, { delivery, maybePosted }: Ready, card: Card): Promise<void> {
  const { channel, store } = deps;
  const { key, wantedSeq } = delivery;
  if (delivery.message !== null && !delivery.opensThread) {
    await inTime(deps, channel.update(delivery.message, card));
    await patch(store, key, { ...SETTLED, shownSeq: wantedSeq });
    return;
  }
  let { message } = delivery;
  // What an earlier try posted may be of an earlier state, so it is edited next; a notice has only one.
  const perhapsOld = maybePosted && delivery.subject.type !== 'event';
  if (message === null) {
    message = await inTime(deps, channel.post(delivery.thread, card, key, { maybePosted }));
    // Until its thread is open a card counts as not shown.
    const shown = delivery.opensThread || perhapsOld ? {} : { shownSeq: wantedSeq };
    await patch(store, key, { ...SETTLED, message, maybePosted: false, ...shown });
  }
  if (!delivery.opensThread) return;
  const thread = await threadOrRefusal(inTime(deps, channel.openThread(message, card, key)));
  await store.transaction(async (tx) => {
    const now = await tx.delivery(key);
    if (now === null) return;
    // Where the bot may open none, the agent is discussed in the room.
    if (thread instanceof AppError) await tellTeam(tx, now, thread, 'A thread could not be opened');
    else if (now.subject.type === 'agent')
      await tx.updateAgent(now.subject.id, { from: AGENT_STATUSES }, { thread });
    const shownSeq = delivery.message === null && !perhapsOld ? wantedSeq : now.shownSeq;
    await tx.putDelivery({ ...now, ...SETTLED, opensThread: false, shownSeq });
  });
}

/** Rejects where it is worth another try. */
async function threadOrRefusal(opening: Promise<ThreadRef>): Promise<ThreadRef | AppError> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof AppError && error.code === 'CHANNEL_PERMANENT') return error;
    throw error;
  }
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
  // The first cards are due before a platform has answered; that it is slow or away is told by its health.
  const starting = error.code === 'CHANNEL_TRANSIENT' && deps.channel.health().state === 'starting';
  if (starting) log.debug({ key, reason: error.message }, 'delivery waits for the channel');
  else if (expected) log.warn({ key, code: error.code, reason: error.message }, 'delivery failed');
  else log.error({ key, err: error.cause ?? error }, 'delivery failed unexpectedly');
  return { called: true, pauseMs: retryAfterMs, scope: isRoomOnly(error.context) ? 'room' : 'channel' };
}

/** What can never be delivered is told to the team, once; what was for the team itself is only logged. */
async function tellTeam(
  tx: StoreTransaction,
  delivery: DeliveryRecord,
  error: AppError,
  what = `${delivery.subject.type === 'file' ? 'A file' : 'A card'} could not be delivered`,
): Promise<void> {
  const { subject } = delivery;
  if (subject.type === 'event') {
    const event = await tx.event(subject.seq);
    const forAThread = event?.body.type === 'notice' || event?.body.type === 'agent.warning';
    if (!forAThread) return;
  }
  const hint = error.hint === undefined ? '' : ` (${error.hint})`;
  await tx.appendEvent({
    type: 'team.notice',
    title: `${what} on ${delivery.channel}`,
    text: `${inWords(subject)} in room ${delivery.thread.room}: ${error.message}${hint}`,
    tone: 'failure',
  });
}

function inWords(subject: DeliverySubject): string {
  switch (subject.type) {
    case 'event':
      return `notice ${subject.seq}`;
    case 'file':
      return `${subject.what} of action ${subject.actionId}`;
    case 'agent':
    case 'action':
      return `${subject.type} ${subject.id}`;
  }
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
