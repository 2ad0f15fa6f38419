import { AppError, toAppError } from '../../errors.ts';
import type { ActionRecord } from '../../model/action.ts';
import type { InboxRecord } from '../../model/inbox.ts';
import type { ThreadRef } from '../../model/thread.ts';
import { errorCard, receiptCard } from '../cards/notice-card.ts';
import type { Accepted, Inbox, Patience, Reply, RequestOutcome } from '../channel.ts';
import type { Deliveries } from '../deliveries/deliveries.ts';
import { boundedRequest } from './bounds.ts';
import { homeCards } from './home.ts';
import { give, type PerformDeps, perform, type Performed } from './perform.ts';
import { saveRequest } from './saving.ts';
import { readStoredRequest, type StoredRequest } from './stored-request.ts';
import { createUntold } from './untold.ts';

/** Requests worked on at once; running commands do not count, only what leads to them. */
export const MAX_CONCURRENT_REQUESTS = 200;
/** How long a stop waits for platforms and a store that do not answer. */
const LAST_ANSWERS_MS = 3000;
/** The hint of a refusal for lack of room; seconds. */
const RETRY_AFTER_SECONDS = 5;
/** Longer than platforms repeat a delivery. */
const KNOWN_MS = 15 * 60_000;
const MAX_CHOICES = 25;
const REFUSED: RequestOutcome = { ok: false, waiting: false, actionId: null };

export interface InboxDeps extends Omit<PerformDeps, 'closing'> {
  nodeId: string;
  deliveries: Pick<Deliveries, 'drained'>;
}

export interface DurableInbox extends Inbox {
  /** Works the rows that a crash left unsettled. Call before channels bring new ones. */
  recover(): Promise<void>;
  /** Refuses what comes with SHUTTING_DOWN and waits for what is being worked on. */
  close(): Promise<void>;
  open(): void;
}

/**
 * The durable inbox: a request is on disk before it is acknowledged, a delivery id seen before is recognised, and each request
 * is worked on by itself so that none waits for another.
 */
export function createInbox(deps: InboxDeps): DurableInbox {
  const { store, orchestrator, clock, log, nodeId, deliveries } = deps;
  const inFlight = new Map<string, Promise<RequestOutcome>>();
  /** Of those whose row is being written. */
  const storing = new Map<string, Promise<unknown>>();
  const working = new Set<Promise<Performed>>();
  let open = true;
  let closing = new AbortController();
  const performDeps: PerformDeps = { ...deps, closing: () => closing.signal };
  const untold = createUntold(deps);

  async function accept(request: StoredRequest, reply: Reply, limits: Patience = {}): Promise<Accepted> {
    const inboxId = `${request.thread.channel}:${request.deliveryId}`;
    const known = inFlight.get(inboxId);
    if (known !== undefined) {
      // Acknowledged once the first one is on disk, and refused with it when it cannot be.
      await storing.get(inboxId);
      return { duplicate: true, settled: known };
    }
    let row: InboxRecord;
    try {
      row = newRow(request, inboxId);
    } catch (error) {
      return refuse(error, request, reply);
    }
    const outcome = Promise.withResolvers<RequestOutcome>();
    inFlight.set(inboxId, outcome.promise);
    const finish = (settled: RequestOutcome) => {
      inFlight.delete(inboxId);
      outcome.resolve(settled);
    };
    try {
      const onSlow = () => void give(performDeps, reply, { card: BEING_SAVED });
      const { end, over } = saveRequest({ store, clock }, row, { patience: limits.patience, onSlow });
      storing.set(inboxId, over);
      void over.finally(() => storing.delete(inboxId));
      const saved = await end;
      if (saved === 'void') {
        outcome.resolve(REFUSED);
        void over.then((isThere) => {
          // The platform may deliver it again: where the row does not say so, we know it.
          if (isThere) finish(REFUSED);
          else clock.after(KNOWN_MS, () => finish(REFUSED));
        });
        return await refuse(notSaved(), request, reply);
      }
      if (saved === 'known') {
        void knownOutcome(inboxId).then(finish);
        return { duplicate: true, settled: outcome.promise };
      }
    } catch (error) {
      finish(REFUSED);
      return refuse(error, request, reply);
    }
    void work(request, inboxId, reply).then(finish);
    return { duplicate: false, settled: outcome.promise };
  }

  /** Refuses what cannot be taken now or is too large; nothing of it is stored. */
  function newRow(request: StoredRequest, inboxId: string): InboxRecord {
    if (!open) {
      throw new AppError('SHUTTING_DOWN', 'Airlock is stopping and takes no more requests', {
        hint: 'ask again when it is back',
      });
    }
    if (working.size >= MAX_CONCURRENT_REQUESTS) {
      throw new AppError('RUNTIME_BUSY', `${working.size} requests are being worked on already`, {
        hint: `try again in ${RETRY_AFTER_SECONDS} s`,
      });
    }
    return {
      deliveryId: inboxId,
      channel: request.thread.channel,
      kind: request.kind,
      request: boundedRequest(request),
      receivedAt: clock.now(),
      settledAt: null,
      actionId: null,
      nodeId,
    };
  }

  /** What is refused here leaves no row; who cannot be told now is told later. */
  async function refuse(thrown: unknown, request: StoredRequest, reply: Reply): Promise<Accepted> {
    const error = toAppError(thrown);
    if (error.code === 'INTERNAL') log.error({ err: error.cause ?? error }, 'request could not be accepted');
    const notGiven = await give(performDeps, reply, {
      card: errorCard(error, deps.rootOf(request.thread.channel)),
    });
    if (notGiven !== null) void untold.note(request, error);
    return { duplicate: false, settled: Promise.resolve(REFUSED) };
  }

  /** Never rejects. */
  async function work(request: StoredRequest, inboxId: string, reply: Reply | null): Promise<RequestOutcome> {
    const performing = perform(performDeps, request, inboxId, reply);
    working.add(performing);
    try {
      const performed = await performing.finally(() => working.delete(performing));
      if (performed.type === 'action') return await followed(performed, request.thread);
      return { ok: performed.type === 'answered', waiting: false, actionId: null };
    } catch (thrown) {
      const error = toAppError(thrown);
      // The row is as far as it is on disk; the next start goes on from there.
      if (error.kind === 'busy') log.info({ code: error.code, inboxId }, 'request left unfinished');
      else log.error({ err: error.cause ?? error, inboxId }, 'request could not be worked on');
      return REFUSED;
    }
  }

  /** Waits until the action has settled or waits for people, and its cards were handed to the channels. */
  async function followed(
    { action, wish }: Extract<Performed, { type: 'action' }>,
    thread: ThreadRef,
  ): Promise<RequestOutcome> {
    const settled = await orchestrator.settled(action.id, { orWaiting: true });
    const agent = settled.agentId === null ? null : await store.agent(settled.agentId);
    await deliveries.drained([thread, settled.thread, ...(agent === null ? [] : [agent.thread])]);
    return {
      ok: wish === 'end' || succeeded(settled),
      waiting: settled.status === 'PENDING',
      actionId: settled.id,
    };
  }

  /** What became of a request that was accepted before. */
  async function knownOutcome(inboxId: string): Promise<RequestOutcome> {
    try {
      const actionId = (await store.inboxEntry(inboxId))?.actionId ?? null;
      if (actionId === null) return { ok: true, waiting: false, actionId };
      const action = await orchestrator.settled(actionId, { orWaiting: true });
      return { ok: succeeded(action), waiting: action.status === 'PENDING', actionId: action.id };
    } catch (error) {
      log.error({ err: error, inboxId }, 'outcome of a known request could not be read');
      return REFUSED;
    }
  }

  return {
    command: (request, reply, limits) => accept({ kind: 'command', ...request }, reply, limits),
    button: (request, reply, limits) => accept({ kind: 'button', ...request }, reply, limits),
    form: (request, reply, limits) => accept({ kind: 'form', ...request }, reply, limits),
    async complete(request) {
      try {
        const actor = deps.people.resolve({ ...request, displayName: request.principal });
        const { agents } = deps;
        const found = await deps.commands.complete({
          text: request.text,
          actor,
          store,
          agents,
          orchestrator,
        });
        return found.slice(0, MAX_CHOICES);
      } catch (error) {
        log.warn({ err: error }, 'completion failed');
        return [];
      }
    },
    home: (request) => homeCards(deps, request),
    async recover() {
      for (const row of await store.unsettledInbox(nodeId)) {
        if (inFlight.has(row.deliveryId)) continue;
        try {
          const settled = work(readStoredRequest(row), row.deliveryId, null);
          inFlight.set(row.deliveryId, settled);
          void settled.finally(() => inFlight.delete(row.deliveryId));
        } catch (error) {
          // Written by another version: nobody can work it, and it must not come back with every start.
          log.error({ err: error, inboxId: row.deliveryId }, 'stored request cannot be read');
          await store.transaction((tx) => tx.settleInbox(row.deliveryId, null));
        }
      }
    },
    async close() {
      open = false;
      using _limit = clock.after(LAST_ANSWERS_MS, () => closing.abort());
      await Promise.allSettled(working);
    },
    open() {
      closing = new AbortController();
      open = true;
    },
  };
}

/** For who waits while the row is written. */
const BEING_SAVED = receiptCard('Airlock is slow: your request is being saved', [
  'Its answer follows. If none comes, look before you ask again: it may be done already.',
]);

function notSaved(): AppError {
  return new AppError('NOT_SAVED', 'your request could not be saved in time: nothing of it is done', {
    hint: 'ask again in a moment',
  });
}

function succeeded(action: ActionRecord): boolean {
  if (action.status === 'PENDING') return true;
  return action.status === 'COMPLETED' && (action.result?.exec?.success ?? true);
}
