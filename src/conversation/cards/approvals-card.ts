import type { AnswerOf } from '../../commands/answers.ts';
import { shortHash } from '../../lib/canonical-json.ts';
import { count, formatDuration } from '../../lib/format.ts';
import type { ActionRecord } from '../../model/action.ts';
import type { Card } from '../card.ts';
import { card, state } from './blank.ts';
import { readPayload } from './payload.ts';
import { kindInWords } from './words.ts';

/** Enough of a command line to know it again; the card of the action shows it whole. */
const COMMAND_CHARACTERS = 40;

export function approvalsCard({ root, items, now }: AnswerOf<'approvals'>): Card {
  if (items.length === 0) return card('list', 'Nothing waits for an approval');
  const mine = items.filter((item) => item.mayVote).length;
  return card(
    'list',
    `${count(items.length, 'action')} wait${items.length === 1 ? 's' : ''} for an approval`,
    {
      state: mine === 0 ? null : state(`${mine} for you`, 'waiting'),
      table: [
        ['Id', 'What', 'Asked by', 'Level', 'Hash', 'Expires in', 'Your vote'],
        ...items.map(({ action, agentName, mayVote, why }) => [
          action.id,
          whatWaits(action, agentName, mayVote),
          // A name can be anybody's: the principal is what the platform vouches for.
          `${action.requesterName} (${action.requester})`,
          action.level,
          shortHash(action.payloadHash),
          action.expiresAt === null ? '-' : formatDuration(action.expiresAt - now),
          mayVote ? 'awaited' : (why ?? 'not yours to decide'),
        ]),
      ],
      text: mine === 0 ? [] : [`${root} approve <id> or ${root} deny <id> <reason>`],
    },
  );
}

/** The command line only for those who may decide on it. */
function whatWaits(action: ActionRecord, agentName: string | null, mayVote: boolean): string {
  const subject = agentName === null ? '' : ` ${agentName}`;
  const command = mayVote ? (readPayload(action.payload).params.command ?? '') : '';
  const shown = command.length > COMMAND_CHARACTERS ? `${command.slice(0, COMMAND_CHARACTERS)}…` : command;
  return `${kindInWords(action.kind)}${subject}${shown === '' ? '' : `: ${shown}`}`;
}
