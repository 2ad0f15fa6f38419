import type { AgentManager, KeptText } from '../../agents/types.ts';
import { type ActionRecord, TERMINAL_ACTION_STATUSES } from '../../model/action.ts';
import type { DeliverySubject } from '../../model/delivery.ts';
import type { EventRecord } from '../../model/event.ts';
import type { Orchestrator } from '../../orchestrator/types.ts';
import type { StoreReads } from '../../store/store.ts';
import type { Card } from '../card.ts';
import { actionCard, type CardRoom } from '../cards/action-card.ts';
import { agentCard } from '../cards/agent-card.ts';
import { type EventFacts, eventCard } from '../cards/notice-card.ts';

export interface RenderDeps {
  store: StoreReads;
  agents: Pick<AgentManager, 'keptOutput'>;
  orchestrator: Pick<Orchestrator, 'liveOutput'>;
}

/** The card of a subject as it is now; null when there is nothing to show any more. */
export async function renderSubject(
  deps: RenderDeps,
  subject: DeliverySubject,
  room: CardRoom,
): Promise<Card | null> {
  const { store } = deps;
  switch (subject.type) {
    case 'agent': {
      const agent = await store.agent(subject.id);
      if (agent === null) return null;
      const [history, created] = await Promise.all([
        store.statusHistory({ agentId: agent.id }),
        store.actions({ agentId: agent.id, kinds: ['agent.create'], limit: 1 }),
      ]);
      return agentCard({ agent, history, ownerName: created[0]?.requesterName ?? null });
    }
    case 'action': {
      const action = await store.action(subject.id);
      return action === null ? null : renderAction(deps, action, room);
    }
    case 'event': {
      const event = await store.event(subject.seq);
      if (event === null) return null;
      return eventCard(event, await eventFacts(store, event));
    }
    case 'file':
      // It goes with `fileOf` instead.
      return null;
  }
}

/** The records that an event's text names. */
async function eventFacts(store: StoreReads, { body }: EventRecord): Promise<EventFacts> {
  const action = 'actionId' in body ? await store.action(body.actionId) : null;
  const agentId = 'agentId' in body ? body.agentId : (action?.agentId ?? null);
  return {
    agent: agentId === null ? null : await store.agent(agentId),
    action,
    votes: action === null ? [] : await store.votes(action.id),
  };
}

/** The card of an action with its votes, history and output. */
export async function renderAction(
  { store, agents, orchestrator }: RenderDeps,
  action: ActionRecord,
  { outputCharacters, codeCharacters }: CardRoom,
): Promise<Card> {
  const agent = action.agentId === null ? null : await store.agent(action.agentId);
  const [votes, history] = await Promise.all([
    store.votes(action.id),
    store.statusHistory({ actionId: action.id }),
  ]);
  return actionCard({
    action,
    agentName: agent?.name ?? null,
    agentOwner: agent?.owner ?? null,
    agentWarnings: agent?.warnings ?? [],
    votes,
    history,
    kept: await keptOutput(agents, action),
    live: action.status === 'EXECUTING' ? orchestrator.liveOutput(action.id) : null,
    outputCharacters,
    codeCharacters,
  });
}

/** Only an action that wrote something has a file worth opening. */
async function keptOutput(
  agents: Pick<AgentManager, 'keptOutput'>,
  action: ActionRecord,
): Promise<KeptText | null> {
  if (!TERMINAL_ACTION_STATUSES.has(action.status)) return null;
  return (action.result?.exec?.outputFile ?? null) === null ? null : agents.keptOutput(action.id);
}
