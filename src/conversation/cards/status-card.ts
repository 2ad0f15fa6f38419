import type { AnswerOf } from '../../commands/answers.ts';
import { formatBytes, formatDuration, formatTime } from '../../lib/format.ts';
import type { ActionRecord } from '../../model/action.ts';
import { isLive } from '../../model/agent.ts';
import type { Card } from '../card.ts';
import { agentCard } from './agent-card.ts';
import { fields } from './blank.ts';
import { kindInWords } from './words.ts';

/** The agent card with what can only be measured now. */
export function statusCard({ agent, history, usage, actions, now }: AnswerOf<'status'>): Card {
  const base = agentCard({ agent, history });
  const up = agent.startedAt === null ? null : (agent.stoppedAt ?? now) - agent.startedAt;
  return {
    ...base,
    fields: [
      ...fields(['Id', agent.id]),
      ...base.fields,
      ...fields(
        ['Up', up === null ? null : formatDuration(up)],
        ['Time left', isLive(agent) ? formatDuration(agent.expiresAt - now) : null],
        ['CPU used', usage === null ? null : formatDuration(usage.cpuSeconds * 1000)],
        ['Memory used', usage === null ? null : formatBytes(usage.memoryBytes)],
        ['Disk used', usage === null ? null : formatBytes(usage.diskBytes)],
        ['Processes', usage === null ? null : String(usage.processes)],
      ),
    ],
    table:
      actions.length === 0
        ? null
        : [['Action', 'What', 'Status', 'Asked by', 'When'], ...actions.map(actionRow)],
  };
}

function actionRow(action: ActionRecord): string[] {
  return [
    action.id,
    kindInWords(action.kind),
    action.status,
    action.requesterName,
    formatTime(action.createdAt),
  ];
}
