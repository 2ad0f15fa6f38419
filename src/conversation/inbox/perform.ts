import type { AgentManager } from '../../agents/types.ts';
import type { CommandRegistry } from '../../commands/registry.ts';
import type { CommandContext, CommandOutcome } from '../../commands/types.ts';
import { AppError, toAppError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { count } from '../../lib/format.ts';
import { keepTrying } from '../../lib/keep-trying.ts';
import type { Logger } from '../../lib/logger.ts';
import { quote } from '../../lib/quote.ts';
import { withRoot } from '../../lib/root-word.ts';
import type { ActionRecord } from '../../model/action.ts';
import type { Actor } from '../../model/principal.ts';
import type { ThreadRef } from '../../model/thread.ts';
import type { People } from '../../orchestrator/people.ts';
import { recordReading } from '../../orchestrator/reading.ts';
import type { Orchestrator } from '../../orchestrator/types.ts';
import type { Store, StoreTransaction } from '../../store/store.ts';
import type { Card } from '../card.ts';
import { type CardRoom, isCodeCut, UNLIMITED_ROOM } from '../cards/action-card.ts';
import { answerCard } from '../cards/answer-card.ts';
import { errorCard, receiptCard } from '../cards/notice-card.ts';
import { kindInWords } from '../cards/words.ts';
import type { Reply } from '../channel.ts';
import { renderAction } from '../deliveries/render.ts';
import type { ButtonOutcome } from './buttons.ts';
import { withPlatformDeadline } from '../platform-deadline.ts';
import { interpret } from './interpret.ts';
import { requestInWords, type StoredRequest } from './stored-request.ts';
import { untoldNotice } from './untold.ts';

/** A private answer of a platform that works is there long before; the one who waits has looked away by then. */
const REPLY_WITHIN_MS = 15_000;

export interface PerformDeps {
  store: Store;
  orchestrator: Orchestrator;
  agents: AgentManager;
  people: Pick<People, 'resolve'>;
  commands: CommandRegistry;
  clock: Clock;
  log: Logger;
  /** What a card of that channel has room for. */
  room: (channel: string) => CardRoom;
  /** The root command as people type it on that channel. */
  rootOf: (channel: string) => string;
  /** Where the asker alone reads; null where there is no such place. */
  privateRoomOf: (request: StoredRequest) => ThreadRef | null;
  /** Aborted when Airlock stops: nothing is waited for any more. */
  closing: () => AbortSignal;
}

/** What a request led to. */
export type Performed =
  /** It caused or changed this action; whoever waits for the outcome waits for that. */
  | { type: 'action'; action: ActionRecord; wish: 'run' | 'approve' | 'end' }
  | { type: 'answered' }
  | { type: 'refused' };

/**
 * Works one accepted request to its end and settles its row: what goes through the orchestrator in the transaction of its
 * effect, an answer after it was given. `reply` is null when the one who asked is gone (after a restart). Throws only when the
 * store does.
 */
export async function perform(
  deps: PerformDeps,
  request: StoredRequest,
  inboxId: string,
  reply: Reply | null,
): Promise<Performed> {
  try {
    return await carryOut(deps, request, inboxId, reply);
  } catch (thrown) {
    const error = toAppError(thrown);
    const root = deps.rootOf(request.thread.channel);
    if (error.code === 'INTERNAL') deps.log.error({ err: error.cause ?? error, inboxId }, 'request failed');
    await answer(deps, request, inboxId, reply, {
      card: errorCard(error, root),
      gone: () => refusedInWords(request, error, root),
    });
    return { type: 'refused' };
  }
}

async function carryOut(
  deps: PerformDeps,
  request: StoredRequest,
  inboxId: string,
  reply: Reply | null,
): Promise<Performed> {
  const { store, orchestrator, agents, people, commands, clock } = deps;
  const { thread } = request;
  const actor = people.resolve(request);
  const room = deps.room(thread.channel);
  const root = deps.rootOf(thread.channel);
  const context: CommandContext = { actor, thread, root, store, agents, orchestrator, clock };
  const outcome = await interpret(commands, request, context, room);
  switch (outcome.type) {
    case 'action': {
      const action = await orchestrator.submit(outcome.draft, { actor, thread, inboxId });
      return { type: 'action', action, wish: 'run' };
    }
    case 'vote': {
      const { actionId, decision, hash, note } = outcome;
      const mustRead = (asked: ActionRecord) => isCodeCut(asked, room.codeCharacters);
      const action = await orchestrator.vote({ actionId, actor, decision, hash, note, inboxId, mustRead });
      await say(deps, reply, await voteReceipt(deps, action, decision));
      return { type: 'action', action, wish: decision === 'approve' ? 'approve' : 'end' };
    }
    case 'cancel': {
      const action = await orchestrator.cancel({ actionId: outcome.actionId, actor, inboxId });
      await say(deps, reply, receiptCard(`cancel of ${kindInWords(action.kind)} ${action.id} is on its way`));
      return { type: 'action', action, wish: 'end' };
    }
    case 'answer':
    case 'view':
    case 'form':
      await answer(deps, request, inboxId, reply, {
        ...(await shownAs(deps, room, outcome)),
        ...(outcome.type === 'view' ? { onceGiven: readingOf(outcome.action, actor) } : {}),
        gone: (why) =>
          `the answer to ${quote(requestInWords(request))} was not given (${why}): please ask again`,
      });
      return { type: 'answered' };
  }
}

/** Only what waits is read for a vote. */
function readingOf(action: ActionRecord, actor: Actor): (tx: StoreTransaction) => Promise<void> {
  return async (tx) => {
    if (action.status === 'PENDING') await recordReading(tx, action, actor);
  };
}

type Shown = { card: Card } | { form: Extract<ButtonOutcome, { type: 'form' }>['form'] };

async function shownAs(
  deps: PerformDeps,
  room: CardRoom,
  outcome: Extract<CommandOutcome, { type: 'answer' | 'view' }> | ButtonOutcome,
): Promise<Shown> {
  if (outcome.type === 'form') return { form: outcome.form };
  // All of it: how it is cut into pages is the channel's business.
  if (outcome.type === 'view') return { card: await renderAction(deps, outcome.action, UNLIMITED_ROOM) };
  return { card: answerCard(outcome.answer, room.outputCharacters) };
}

/** Gives the answer and settles the row; where nobody is there to take it, that is told in the same transaction. */
async function answer(
  deps: PerformDeps,
  request: StoredRequest,
  inboxId: string,
  reply: Reply | null,
  shown: Shown & {
    /** What the asker alone is told later where it could not be given. */
    gone: (why: string) => string;
    onceGiven?: (tx: StoreTransaction) => Promise<void>;
  },
): Promise<void> {
  const notGiven = await give(deps, reply, shown);
  const settle = async (tx: StoreTransaction) => {
    if (notGiven === null) await shown.onceGiven?.(tx);
    else await tx.appendEvent(untoldNotice(request, deps.privateRoomOf(request), shown.gone(notGiven)));
    await tx.settleInbox(inboxId, null);
  };
  // What somebody was told is refused must not be worked on after the next start.
  await keepTrying(() => deps.store.transaction(settle), {
    clock: deps.clock,
    signal: deps.closing(),
    onFailure: (error) => deps.log.warn({ err: error, inboxId }, 'an answered request waits to be settled'),
  });
}

/** Null when it was given; else why not, in a few words. */
export async function give(
  deps: Pick<PerformDeps, 'clock' | 'log' | 'closing'>,
  reply: Reply | null,
  shown: Shown,
): Promise<string | null> {
  if (reply === null) return 'Airlock was restarted in between';
  try {
    const giving = 'form' in shown ? reply.form(shown.form) : reply.private(shown.card);
    await withPlatformDeadline(giving, {
      clock: deps.clock,
      limitMs: REPLY_WITHIN_MS,
      signal: deps.closing(),
    });
    return null;
  } catch (error) {
    deps.log.warn({ err: error }, 'answer could not be given');
    return error instanceof AppError ? error.message : 'the platform did not take it';
  }
}

/** A word of confirmation; what it confirms is on record and on the card, so losing it loses nothing. */
async function say(deps: PerformDeps, reply: Reply | null, card: Card): Promise<void> {
  await give(deps, reply, { card });
}

async function voteReceipt(
  { store }: PerformDeps,
  action: ActionRecord,
  decision: 'approve' | 'deny',
): Promise<Card> {
  const what = `${kindInWords(action.kind)} ${action.id}`;
  if (decision === 'deny') return receiptCard(`your denial of ${what} is on record: it will not run`);
  const approved = (await store.votes(action.id)).filter((vote) => vote.decision === 'approve').length;
  const quorum = action.approval?.quorum ?? 1;
  const left = Math.max(0, quorum - approved);
  const next = left === 0 ? 'no more are needed' : `${count(left, 'more approval')} needed`;
  return receiptCard(`your approval of ${what} is on record: ${next}`);
}

function refusedInWords(request: StoredRequest, error: AppError, root: string): string {
  const hint = error.hint === undefined ? '' : ` (${withRoot(error.hint, root)})`;
  return `${quote(requestInWords(request))}: ${error.code}: ${error.message}${hint}`;
}
