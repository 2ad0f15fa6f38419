import type { AppError } from '../../errors.ts';
import { formatTime } from '../../lib/format.ts';
import type { AgentInstance } from '../../model/agent.ts';
import type { EventRecord } from '../../model/event.ts';
import type { Card } from '../card.ts';
import { card, state } from './blank.ts';

/** What an event says by itself: a notice for a thread or the team, or the warning of a coming stop. Null for others. */
export function eventCard(event: EventRecord, agent: AgentInstance | null): Card | null {
  const { body } = event;
  switch (body.type) {
    case 'notice':
    case 'team.notice': {
      const label = { neutral: 'notice', warning: 'warning', failure: 'problem' }[body.tone];
      return card('notice', body.title, {
        state: state(label, body.tone),
        text: body.text === '' ? [] : [body.text],
      });
    }
    case 'agent.warning':
      return agent === null ? null : stopWarningCard(agent, body);
    case 'agent.status':
    case 'agent.changed':
    case 'action.status':
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

/** A refusal or a failure, for the one who asked: code, one line, and what to do. */
export function errorCard(error: AppError): Card {
  const tone = error.kind === 'busy' ? 'warning' : 'failure';
  return card('error', error.message, {
    state: state(error.code, tone),
    text: error.hint === undefined ? [] : [error.hint],
  });
}

/** Says in one line that something was taken note of. */
export function receiptCard(title: string, text: readonly string[] = []): Card {
  return card('notice', title, { state: state('noted', 'neutral'), text });
}
