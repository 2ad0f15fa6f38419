import type { AnswerOf } from '../../commands/answers.ts';
import { count, formatDuration } from '../../lib/format.ts';
import { type AgentInstance, isLive } from '../../model/agent.ts';
import type { Card } from '../card.ts';
import { card, state } from './blank.ts';

export function agentsCard({ root, agents, all, mine, now }: AnswerOf<'agents'>): Card {
  const counted = `${count(agents.length, all ? 'agent' : 'live agent')}${mine ? ' of yours' : ''}`;
  const title = all ? `${counted}, newest first` : counted;
  if (agents.length === 0) {
    return card('list', title, { text: [`Create one with ${root} create box`] });
  }
  return card('list', title, {
    table: [
      ['Name', 'Status', 'Sandbox', 'Image', 'Owner', 'Stops in', 'Id'],
      ...agents.map((agent) => [
        agent.name,
        agent.status,
        agent.sandboxType,
        agent.image,
        agent.owner,
        timeLeft(agent, now),
        agent.id.slice(0, 8),
      ]),
    ],
  });
}

function timeLeft(agent: AgentInstance, now: number): string {
  return isLive(agent) ? formatDuration(agent.expiresAt - now) : '-';
}

/** How many would be stopped, and the line that does it. */
export function stopAllCard({ root, agents }: AnswerOf<'stop-all'>): Card {
  if (agents.length === 0) return card('notice', 'No agent is live: there is nothing to stop');
  return card('notice', `${count(agents.length, 'agent')} would be stopped`, {
    state: state('not confirmed', 'warning'),
    text: [`Type ${root} stop-all ${agents.length} to stop them all.`],
    table: [['Name', 'Status', 'Owner'], ...agents.map((agent) => [agent.name, agent.status, agent.owner])],
  });
}
