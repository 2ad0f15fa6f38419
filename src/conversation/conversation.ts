import type { AgentManager } from '../agents/types.ts';
import { DEFAULT_ROOT } from '../commands/define.ts';
import type { CommandRegistry } from '../commands/registry.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { ThreadRef } from '../model/thread.ts';
import type { People } from '../orchestrator/people.ts';
import type { Orchestrator } from '../orchestrator/types.ts';
import type { Store } from '../store/store.ts';
import type { CardRoom } from './cards/action-card.ts';
import type { Channel, Inbox } from './channel.ts';
import { createHealthWatch } from './channel-health.ts';
import { createDeliveries } from './deliveries/deliveries.ts';
import { createHousekeeping } from './housekeeping.ts';
import { createInbox } from './inbox/inbox.ts';

/** Room on a card where the channel is not known any more. */
const DEFAULT_ROOM: CardRoom = { outputCharacters: 3000, codeCharacters: 3000 };

/** How long a stop waits for the last cards: enough for a platform that works, not for one that is away. */
export const LAST_CARDS_MS = 3000;

export interface ConversationDeps {
  store: Store;
  orchestrator: Orchestrator;
  agents: AgentManager;
  people: Pick<People, 'resolve'>;
  commands: CommandRegistry;
  channels: readonly Channel[];
  clock: Clock;
  log: Logger;
  nodeId: string;
  /** The root command as people type it on a channel. Default `/agent` everywhere. */
  rootOf?: (channel: string) => string;
  /** Where notices to the team go; asked each time, so that a reload counts. Default: nowhere, the log only. */
  teamRooms?: () => readonly ThreadRef[];
  /** Where approvals of other platforms are shown too; asked each time. Default: nowhere. */
  approvalRooms?: () => readonly ThreadRef[];
  /** For the jitter of retries. Default `Math.random`. */
  random?: () => number;
}

export interface Conversation {
  readonly inbox: Inbox;
  /** Works what a crash left, opens the channels and sends what is due. After the orchestrator's start. Twice is once. */
  start(): Promise<void>;
  /** Takes no more requests and waits for those being worked on; cards are still sent. For a stop that goes on to end agents. */
  quiesce(): Promise<void>;
  /**
   * Quiesces, gives cards that are due a moment to go out ({@link LAST_CARDS_MS}; the rest follows after the next start) and
   * closes the channels. Twice is once.
   */
  stop(): Promise<void>;
  /**
   * Resolves when everything that is to be shown by now was handed to its channel or can never be. It waits as long as a
   * platform is away: a caller in a hurry sets its own limit.
   */
  drained(): Promise<void>;
}

/** Everything between the channels and the orchestrator: requests in, cards out. */
export function createConversation(deps: ConversationDeps): Conversation {
  const { channels, store, clock, log } = deps;
  const deliveries = createDeliveries({
    ...deps,
    log: log.child({ part: 'deliveries' }),
    teamRooms: deps.teamRooms ?? (() => []),
    approvalRooms: deps.approvalRooms ?? (() => []),
    random: deps.random ?? Math.random,
  });
  const rooms = new Map<string, CardRoom>(channels.map((channel) => [channel.name, channel.limits]));
  const inbox = createInbox({
    ...deps,
    log: log.child({ part: 'inbox' }),
    deliveries,
    room: (channel) => rooms.get(channel) ?? DEFAULT_ROOM,
    rootOf: deps.rootOf ?? (() => DEFAULT_ROOT),
    privateRoomOf: (request) =>
      channels.find(({ name }) => name === request.thread.channel)?.privateRoom?.(request) ?? null,
  });
  const housekeeping = createHousekeeping({ store, clock, log });
  const health = createHealthWatch({ store, channels, log: log.child({ part: 'health' }) });
  let turn: Promise<void> = Promise.resolve();
  let started = false;

  /** Starts and stops run one after the other, however they are called. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  }

  async function open(): Promise<void> {
    if (started) return;
    inbox.open();
    await inbox.recover();
    deliveries.start();
    await housekeeping.start();
    health.start();
    await startAll();
    started = true;
  }

  /** At once: a platform that is slow to answer delays no other. Each has started or failed when this resolves or throws. */
  async function startAll(): Promise<void> {
    const starts = await Promise.allSettled(channels.map((channel) => channel.start(inbox)));
    for (const start of starts) if (start.status === 'rejected') throw start.reason;
  }

  async function shut(): Promise<void> {
    started = false;
    await inbox.close();
    housekeeping.stop();
    await lastCards();
    await deliveries.stop();
    health.closing();
    await Promise.all(channels.map((channel) => channel.stop()));
    await health.stop();
  }

  async function lastCards(): Promise<void> {
    const late = Promise.withResolvers<void>();
    using _limit = clock.after(LAST_CARDS_MS, late.resolve);
    try {
      await Promise.race([deliveries.drained(), late.promise]);
    } catch (error) {
      // What is not sent now is due at the next start; closing must go on.
      log.warn({ err: error }, 'last cards were not sent');
    }
  }

  return {
    inbox,
    start: () => inTurn(open),
    quiesce: () => inbox.close(),
    stop: () => inTurn(shut),
    drained: () => deliveries.drained(),
  };
}
