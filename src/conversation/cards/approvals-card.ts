import type { AnswerOf } from '../../commands/answers.ts';
import { shortHash } from '../../lib/canonical-json.ts';
import { count, formatDuration } from '../../lib/format.ts';
import type { Card } from '../card.ts';
import { card, state } from './blank.ts';
import { kindInWords } from './words.ts';

export function approvalsCard({ items, now }: AnswerOf<'approvals'>): Card {
  if (items.length === 0) return card('list', 'Nothing waits for an approval');
  const mine = items.filter((item) => item.mayVote).length;
  return card(
    'list',
    `${count(items.length, 'action')} wait${items.length === 1 ? 's' : ''} for an approval`,
    {
      state: mine === 0 ? null : state(`${mine} for you`, 'waiting'),
      table: [
        ['Id', 'What', 'Asked by', 'Level', 'Hash', 'Expires in', 'Your vote'],
        ...items.map(({ action, mayVote, why }) => [
          action.id,
          kindInWords(action.kind),
          action.requesterName,
          action.level,
          shortHash(action.payloadHash),
          action.expiresAt === null ? '-' : formatDuration(action.expiresAt - now),
          mayVote ? 'you may vote' : (why ?? 'not yours to decide'),
        ]),
      ],
      text: mine === 0 ? [] : ['/agent approve <id> or /agent deny <id> <reason>'],
    },
  );
}
