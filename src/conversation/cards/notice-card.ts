import type { AppError } from '../../errors.ts';
import { formatTime } from '../../lib/format.ts';
import { withRoot } from '../../lib/root-word.ts';
import type { ActionRecord, Vote } from '../../model/action.ts';
import type { AgentInstance } from '../../model/agent.ts';
import type { EventRecord } from '../../model/event.ts';
import type { Card } from '../card.ts';
import { card, state } from './blank.ts';
import { decisionCard, expiringCard, failedAgentCard } from './team-card.ts';

/** The records that an event is about, as they are now. */
export interface EventFacts {
  agent: AgentInstance | null;
  action: ActionRecord | null;
  /** Of the action. */
  votes: readonly Vote[];
}

/**
 * What an event says by itself: a notice for a thread or the team, the warning of a coming stop, or a line for the team. Null for
 * others, and where there is nothing to say any more.
 */
export function eventCard(event: EventRecord, { agent, action, votes }: EventFacts): Card | null {
  const { body } = event;
  switch (body.type) {
    case 'notice':
    case 'team.notice': {
      const label = { neutral: null, warning: 'warning', failure: 'problem' }[body.tone];
      return card('notice', body.title, {
        state: label === null ? null : state(label, body.tone),
        text: body.text === '' ? [] : [body.text],
      });
    }
    case 'agent.warning':
      return agent === null ? null : stopWarningCard(agent, body);
    case 'agent.status':
      return agent === null || body.to !== 'ERROR' ? null : failedAgentCard(agent, body.reason);
    case 'action.expiring':
      return action === null ? null : expiringCard({ action, agent, votes });
    case 'action.status':
      return action === null ? null : decisionCard({ action, agent, votes }, body.from, body.to);
    case 'agent.changed':
    case 'action.vote':
      return null;
  }
}

function stopWarningCard(
  agent: AgentInstance,
  { reason, stopsAt }: { reason: 'time-to-live' | 'idle'; stopsAt: number },
): Card {
  const why = reason === 'idle' ? 'nobody uses it' : 'its time is up';
  const extendable = agent.status === 'RUNNING' || agent.status === 'PAUSED';
  return card('notice', `Agent ${agent.name} will be stopped at ${formatTime(stopsAt)}`, {
    state: state('warning', 'warning'),
    text: [`${why}; extend it to keep it`],
    buttons: extendable
      ? [
          {
            id: 'extend',
            label: 'Extend',
            style: 'primary',
            subject: agent.id,
            hash: null,
            opens: null,
          },
        ]
      : [],
  });
}

/** A refusal or a failure, for the one who asked: code, one line, and what to do, with the root command as they type it. */
export function errorCard(error: AppError, root: string): Card {
  const tone = error.kind === 'busy' ? 'warning' : 'failure';
  return card('error', error.message, {
    state: state(error.code, tone),
    text: error.hint === undefined ? [] : [withRoot(error.hint, root)],
  });
}

/** Says in one line that something was taken note of. */
export function receiptCard(title: string, text: readonly string[] = []): Card {
  return card('notice', title, { text });
}
