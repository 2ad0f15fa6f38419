import type { ActionRecord, ActionStatus } from '../../model/action.ts';
import { TERMINAL_ACTION_STATUSES } from '../../model/action.ts';
import type { AgentInstance } from '../../model/agent.ts';
import type { DeliveryRecord, DeliverySubject } from '../../model/delivery.ts';
import type { EventRecord } from '../../model/event.ts';
import type { ThreadRef } from '../../model/thread.ts';
import type { StoreReads } from '../../store/store.ts';

/** One card that an event calls for. */
export type WantedCard = Pick<
  DeliveryRecord,
  'key' | 'channel' | 'thread' | 'subject' | 'opensThread' | 'priority'
>;

export interface DeliveryPlaces {
  /** True where an agent gets a thread of its own. */
  hasThreads(channel: string): boolean;
  /** Where notices to the team go. */
  teamRooms(): readonly ThreadRef[];
}

/** Which cards an event touches, in the order in which they are to be posted. */
export async function wantedCards(
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
    case 'team.notice':
      return places.teamRooms().map((room) => eventCardFor(event, room));
  }
}

/** The delivery key of an agent's or action's card on a channel; of an event, in a thread of it. */
export function deliveryKey(channel: string, subject: DeliverySubject, thread?: ThreadRef): string {
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
    opensThread: places.hasThreads(thread.channel) && thread.thread === null,
    priority: 1,
  };
}

/**
 * MEDIUM and above are announced and followed; of LOW ones only the outcome is shown. The card goes where the agent is
 * discussed, and to the one who asked where that is another platform.
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
  const threads = threadsOf(action, agent);
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
  // The agent's own card opens the thread its actions go into, so it is posted first.
  return agent === null ? cards : [agentCardFor(agent, places), ...cards];
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
