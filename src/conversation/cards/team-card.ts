import { shortHash } from '../../lib/canonical-json.ts';
import { formatTime } from '../../lib/format.ts';
import type { ActionRecord, ActionStatus, Vote } from '../../model/action.ts';
import type { AgentInstance } from '../../model/agent.ts';
import type { ThreadRef } from '../../model/thread.ts';
import type { Card, Tone } from '../card.ts';
import { card, state } from './blank.ts';
import { readPayload } from './payload.ts';
import { kindInWords } from './words.ts';

/** An action the team hears of, as it is now. */
export interface TeamAction {
  action: ActionRecord;
  /** Null where the action is about no agent. */
  agent: AgentInstance | null;
  votes: readonly Vote[];
}

/** An agent that failed: why, whose it was and where it is talked about. */
export function failedAgentCard(agent: AgentInstance, reason: string | null): Card {
  const why = reason ?? agent.errorMessage ?? 'the reason is not known';
  return card('notice', `Agent ${agent.name}`, {
    state: state('failed', 'failure'),
    text: [why, line(`owner ${agent.owner}`, placeInWords(agent.thread))],
  });
}

/** An approval nobody has given yet, shortly before it lapses; null once it does not wait any more. */
export function expiringCard({ action, agent, votes }: TeamAction): Card | null {
  if (action.status !== 'PENDING' || action.expiresAt === null) return null;
  const approved = votes.filter((vote) => vote.decision === 'approve').length;
  return card(
    'notice',
    `${what(action, agent)} waits for an approval until ${formatTime(action.expiresAt)}`,
    {
      state: state('about to expire', 'warning'),
      text: [
        line(
          `${approved} of ${action.approval?.quorum ?? 1} approvals`,
          ...whoAndWhich(action),
          placeInWords((agent ?? action).thread),
        ),
      ],
    },
  );
}

/** A decision on a HIGH or CRITICAL action. The command is on the action's own card, for those who may see that. */
export function decisionCard(about: TeamAction, from: ActionStatus | null, to: ActionStatus): Card | null {
  const decision = decisionInWords(about, from, to);
  if (decision === null) return null;
  const { action, agent } = about;
  return card('notice', `${action.level}: ${what(action, agent)}`, {
    state: state(decision.label, decision.tone),
    text: [decision.by, line(...whoAndWhich(action))],
  });
}

interface Decision {
  label: string;
  tone: Tone;
  by: string;
}

/** Votes are final, and the error of a decided action is that of its decision: neither changes after the event. */
function decisionInWords(
  { action, votes }: TeamAction,
  from: ActionStatus | null,
  to: ActionStatus,
): Decision | null {
  const reason = action.error?.message ?? 'the reason is not known';
  switch (to) {
    case 'APPROVED':
      return { label: 'approved', tone: 'success', by: `by ${voters(votes, 'approve')}` };
    case 'REJECTED': {
      const denied = votes.find((vote) => vote.decision === 'deny');
      const by = denied === undefined ? reason : `by ${voter(denied)}: ${denied.note ?? ''}`;
      return { label: 'rejected', tone: 'failure', by };
    }
    case 'EXPIRED': {
      const by = from === 'PENDING' ? 'not decided in time' : 'approved, and not run in time';
      return { label: 'expired', tone: 'neutral', by };
    }
    case 'CANCELLED':
      return { label: 'cancelled', tone: 'neutral', by: reason };
    case 'PENDING':
    case 'EXECUTING':
    case 'COMPLETED':
    case 'FAILED':
    case 'UNKNOWN':
      return null;
  }
}

function voters(votes: readonly Vote[], decision: Vote['decision']): string {
  const names = votes.filter((vote) => vote.decision === decision).map(voter);
  return names.length === 0 ? 'nobody' : names.join(' and ');
}

function voter(vote: Vote): string {
  return `${vote.displayName} (${vote.principal})${vote.persona ? ' [persona]' : ''}`;
}

function what(action: ActionRecord, agent: AgentInstance | null): string {
  const name = agent?.name ?? readPayload(action.payload).params.name;
  return name === undefined ? kindInWords(action.kind) : `${kindInWords(action.kind)} ${name}`;
}

function whoAndWhich(action: ActionRecord): string[] {
  const persona = action.persona ? ' [persona]' : '';
  return [
    `asked by ${action.requesterName} (${action.requester})${persona}`,
    `action ${action.id}`,
    `hash ${shortHash(action.payloadHash)}`,
  ];
}

function placeInWords({ channel, room, thread }: ThreadRef): string {
  return `in ${channel} ${room}${thread === null ? '' : `, thread ${thread}`}`;
}

function line(...parts: readonly string[]): string {
  return parts.join(' · ');
}
