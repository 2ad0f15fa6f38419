import type { ActionRecord, ActionStatus } from '../../model/action.ts';
import { TERMINAL_ACTION_STATUSES } from '../../model/action.ts';
import type { AgentInstance } from '../../model/agent.ts';
import type { DeliveryRecord, DeliverySubject, FileContent } from '../../model/delivery.ts';
import type { EventRecord } from '../../model/event.ts';
import type { ThreadRef } from '../../model/thread.ts';
import type { StoreReads } from '../../store/store.ts';
import { isCodeCut } from '../cards/action-card.ts';
import type { ChannelLimits } from '../channel.ts';
import { mayCutOutput } from './files.ts';
import { isNewsForTeam } from './team-rules.ts';

/** One card that an event calls for. */
export type WantedCard = Pick<
  DeliveryRecord,
  'key' | 'channel' | 'thread' | 'subject' | 'opensThread' | 'priority'
>;

export interface DeliveryPlaces {
  /** Null for a channel that is not configured any more. */
  limitsOf(channel: string): ChannelLimits | null;
  /** Where notices to the team go. */
  teamRooms(): readonly ThreadRef[];
  /** The channels that are configured. */
  channels: readonly string[];
  /** Where approvals that are asked for on other platforms are shown too; null for nowhere. */
  approvalRoomOf(channel: string): ThreadRef | null;
}

/** Which cards and files an event touches, in the order in which they are to be posted; the team's lines come last. */
export async function wantedCards(
  reads: StoreReads,
  event: EventRecord,
  places: DeliveryPlaces,
): Promise<WantedCard[]> {
  const cards = await cardsForThreads(reads, event, places);
  if (!(await isNewsForTeam(reads, event))) return cards;
  return [...cards, ...places.teamRooms().map((room) => eventCardFor(event, room))];
}

async function cardsForThreads(
  reads: StoreReads,
  event: EventRecord,
  places: DeliveryPlaces,
): Promise<WantedCard[]> {
  const { body } = event;
  switch (body.type) {
    case 'agent.status':
    case 'agent.changed': {
      const agent = await reads.agent(body.agentId);
      return agent === null ? [] : [agentCardFor(agent, places)];
    }
    case 'agent.warning': {
      const agent = await reads.agent(body.agentId);
      // An edit tells nobody: a coming stop gets a card of its own.
      return agent === null ? [] : [agentCardFor(agent, places), eventCardFor(event, agent.thread)];
    }
    case 'action.status':
    case 'action.vote':
      return actionCardsFor(reads, event, places);
    case 'notice':
      return [eventCardFor(event, body.thread)];
    case 'action.expiring':
    case 'team.notice':
      return [];
  }
}

/** The delivery key of an agent's or action's card or file on a channel; of an event, in a thread of it. */
export function deliveryKey(channel: string, subject: DeliverySubject, thread?: ThreadRef): string {
  if (subject.type === 'file') return `${channel}|file:${subject.what}:${subject.actionId}`;
  if (subject.type !== 'event') return `${channel}|${subject.type}:${subject.id}`;
  const place = thread === undefined ? '' : `|${thread.space}/${thread.room}/${thread.thread ?? ''}`;
  return `${channel}|event:${subject.seq}${place}`;
}

function agentCardFor(agent: AgentInstance, places: DeliveryPlaces): WantedCard {
  const { thread } = agent;
  const subject = { type: 'agent', id: agent.id } as const;
  return {
    key: deliveryKey(thread.channel, subject),
    channel: thread.channel,
    thread,
    subject,
    opensThread: places.limitsOf(thread.channel)?.threads === true && thread.thread === null,
    priority: 1,
  };
}

/**
 * MEDIUM and above are announced and followed; of LOW ones only the outcome is shown. The card goes where the agent is
 * discussed, to the one who asked where that is another platform, and for an approval into the rooms of further platforms.
 */
async function actionCardsFor(
  reads: StoreReads,
  event: EventRecord,
  places: DeliveryPlaces,
): Promise<WantedCard[]> {
  const { body } = event;
  if (body.type !== 'action.status' && body.type !== 'action.vote') return [];
  const action = await reads.action(body.actionId);
  if (action === null || (action.level === 'LOW' && !TERMINAL_ACTION_STATUSES.has(action.status))) return [];
  const agent = action.agentId === null ? null : await reads.agent(action.agentId);
  if (agent !== null && isToldByAgent(action, agent)) return [agentCardFor(agent, places)];
  const priority = body.type === 'action.vote' ? 0 : priorityOf(body.from, body.to);
  const discussed = threadsOf(action, agent);
  const threads = [...discussed, ...(await approvalThreads(reads, event, action, { discussed, places }))];
  const cards = threads.map((thread): WantedCard => {
    const subject = { type: 'action', id: action.id } as const;
    return {
      key: deliveryKey(thread.channel, subject),
      channel: thread.channel,
      thread,
      subject,
      opensThread: false,
      priority,
    };
  });
  const files = threads.flatMap((thread) => filesFor(action, event, thread, places));
  // The agent's own card opens the thread its actions go into, so it is posted first.
  return [...(agent === null ? [] : [agentCardFor(agent, places)]), ...cards, ...files];
}

/** What the card has no room for: the code beside the first card, before anybody decides; the output beside the outcome. */
function filesFor(
  action: ActionRecord,
  { body }: EventRecord,
  thread: ThreadRef,
  places: DeliveryPlaces,
): WantedCard[] {
  const limits = places.limitsOf(thread.channel);
  if (limits === null || body.type !== 'action.status') return [];
  if (body.from === null && isCodeCut(action, limits.codeCharacters)) {
    return [fileFor(action.id, 'payload', thread, priorityOf(body.from, body.to))];
  }
  if (TERMINAL_ACTION_STATUSES.has(body.to) && mayCutOutput(action, limits)) {
    return [fileFor(action.id, 'output', thread, 1)];
  }
  return [];
}

function fileFor(actionId: string, what: FileContent, thread: ThreadRef, priority: 0 | 1): WantedCard {
  const subject = { type: 'file', actionId, what } as const;
  return {
    key: deliveryKey(thread.channel, subject),
    channel: thread.channel,
    thread,
    subject,
    opensThread: false,
    priority,
  };
}

const AGENT_MOVES: ReadonlySet<string> = new Set([
  'agent.create',
  'agent.pause',
  'agent.resume',
  'agent.stop',
]);

/** What nobody decided and went as asked is seen on the agent's own card, where that is in front of the one who asked. */
function isToldByAgent(action: ActionRecord, agent: AgentInstance): boolean {
  if (!AGENT_MOVES.has(action.kind) || action.approval !== null) return false;
  if (action.thread.channel !== agent.thread.channel) return false;
  if (action.status === 'COMPLETED') return action.result?.message === undefined;
  return action.status === 'APPROVED' || action.status === 'EXECUTING';
}

function threadsOf(action: ActionRecord, agent: AgentInstance | null): ThreadRef[] {
  if (agent === null) return [action.thread];
  return agent.thread.channel === action.thread.channel ? [agent.thread] : [agent.thread, action.thread];
}

/**
 * Rooms on platforms where the action is not discussed. Who was asked there is told how it goes on, whatever the file says by then; what
 * was asked before a room was named is not told there half-way.
 */
async function approvalThreads(
  reads: StoreReads,
  { body }: EventRecord,
  { id }: ActionRecord,
  { discussed, places }: { discussed: readonly ThreadRef[]; places: DeliveryPlaces },
): Promise<ThreadRef[]> {
  const asks = body.type === 'action.status' && body.to === 'PENDING';
  const threads: ThreadRef[] = [];
  for (const name of places.channels) {
    if (discussed.some(({ channel }) => channel === name)) continue;
    const shown = await reads.delivery(deliveryKey(name, { type: 'action', id }));
    const room = shown?.thread ?? (asks ? places.approvalRoomOf(name) : null);
    if (room !== null) threads.push(room);
  }
  return threads;
}

/** Asking for an approval and taking its buttons away go before everything else. */
function priorityOf(from: ActionStatus | null, to: ActionStatus): 0 | 1 {
  return to === 'PENDING' || from === 'PENDING' ? 0 : 1;
}

function eventCardFor(event: EventRecord, thread: ThreadRef): WantedCard {
  const subject = { type: 'event', seq: event.seq } as const;
  return {
    key: deliveryKey(thread.channel, subject, thread),
    channel: thread.channel,
    thread,
    subject,
    opensThread: false,
    priority: 1,
  };
}
