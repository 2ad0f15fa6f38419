import { formatTime } from '../../lib/format.ts';
import { type AgentInstance, type AgentStatus, isLive } from '../../model/agent.ts';
import type { EventRecord } from '../../model/event.ts';
import type { Button, Card, Tone } from '../card.ts';
import { card, fields, state } from './blank.ts';
import { CONFIRMATIONS } from './confirmations.ts';
import { runForm } from './forms.ts';
import { causeInWords, limitsInWords, networkInWords } from './words.ts';

const TONES: Record<AgentStatus, Tone> = {
  PENDING: 'waiting',
  CREATING: 'progress',
  RUNNING: 'success',
  PAUSED: 'warning',
  STOPPING: 'progress',
  STOPPED: 'neutral',
  ERROR: 'failure',
};

/** Before RUNNING the time is not fixed yet; from STOPPING on it has no meaning. */
const TIMED: ReadonlySet<AgentStatus> = new Set(['RUNNING', 'PAUSED', 'ERROR']);

export interface AgentCardState {
  agent: AgentInstance;
  /** Its `agent.status` events, oldest first. */
  history: readonly EventRecord[];
  /** As the owner called themselves when they asked for it. Default: only the principal is shown. */
  ownerName?: string | null;
}

/** One agent as it is now. */
export function agentCard({ agent, history, ownerName = null }: AgentCardState): Card {
  const live = isLive(agent);
  return card('agent', `Agent ${agent.name}`, {
    state: state(agent.status, TONES[agent.status]),
    fields: fields(
      ['Owner', ownerName === null ? agent.owner : `${ownerName} (${agent.owner})`],
      ['Image', agent.image],
      ['Sandbox', agent.sandboxType],
      ['Skill', agent.skillId],
      ['Limits', limitsInWords(agent.limits)],
      ['Network', networkInWords(agent.limits.networkEnabled)],
      ['Stops at', TIMED.has(agent.status) && live ? formatTime(agent.expiresAt) : null],
      ['Ended', endOf(agent)],
    ),
    timeline: history.flatMap(statusStep),
    text: agent.errorMessage === null ? [] : [agent.errorMessage],
    warnings: [
      ...agent.warnings,
      ...(agent.status === 'ERROR' && !agent.cleaned
        ? ['the clean-up is not finished; it is tried again until nothing is left']
        : []),
      ...(live && agent.warnedAt !== null
        ? ['it will be stopped soon because it is idle or its time is up: extend it to keep it']
        : []),
    ],
    buttons: buttonsOf(agent),
  });
}

/** A step of the timeline: the status and, where there is one, the reason. */
export function statusStep(event: EventRecord): { at: number; label: string }[] {
  if (event.body.type !== 'agent.status') return [];
  const { to, reason } = event.body;
  return [{ at: event.at, label: reason === null || reason === '' ? to : `${to}: ${reason}` }];
}

function endOf(agent: AgentInstance): string | null {
  // Stopped as asked: the state says it.
  if (agent.exitCause === null || agent.exitCause === 'stopped') return null;
  return causeInWords(agent.exitCause, { exitCode: agent.exitCode });
}

/** What can be done in this state; an ended agent keeps its logs. */
function buttonsOf(agent: AgentInstance): Button[] {
  const button = (
    id: Button['id'],
    label: string,
    more: Partial<Pick<Button, 'style' | 'opens' | 'confirm'>> = {},
  ): Button => ({ id, label, style: 'default', subject: agent.id, hash: null, opens: null, ...more });
  const stop = button('stop', 'Stop', { style: 'danger', confirm: CONFIRMATIONS.stop });
  switch (agent.status) {
    case 'PENDING':
      return [];
    case 'CREATING':
      return [stop];
    case 'RUNNING':
      return [
        button('run', 'Run…', { style: 'primary', opens: runForm(agent.name) }),
        button('pause', 'Pause', { confirm: CONFIRMATIONS.pause }),
        button('logs', 'Logs'),
        button('extend', 'Extend'),
        stop,
      ];
    case 'PAUSED':
      return [
        button('resume', 'Resume', { style: 'primary', confirm: CONFIRMATIONS.resume }),
        button('logs', 'Logs'),
        button('extend', 'Extend'),
        stop,
      ];
    case 'STOPPING':
    case 'STOPPED':
      return [button('logs', 'Logs')];
    case 'ERROR':
      return agent.cleaned ? [button('logs', 'Logs')] : [button('logs', 'Logs'), stop];
  }
}
