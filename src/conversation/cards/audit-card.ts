import type { AnswerOf } from '../../commands/answers.ts';
import { shortHash } from '../../lib/canonical-json.ts';
import { formatTime } from '../../lib/format.ts';
import type { Card } from '../card.ts';
import { card, fields } from './blank.ts';

/** Enough of an id to tell it apart on one screen. */
const ID_LENGTH = 12;

export function auditCard({ entries, head }: AnswerOf<'audit'>): Card {
  return card(
    'list',
    head.seq === 0 ? 'The audit is empty' : `Audit: the last ${entries.length} of ${head.seq}`,
    {
      fields: fields(['Head', `${head.seq}:${head.hash}`]),
      table:
        entries.length === 0
          ? null
          : [
              ['Seq', 'Time', 'What', 'Who', 'Action', 'Agent', 'Hash'],
              ...entries.map((entry) => [
                String(entry.seq),
                formatTime(entry.at),
                entry.type,
                entry.actor,
                entry.actionId ?? '-',
                entry.agentId?.slice(0, ID_LENGTH) ?? '-',
                shortHash(entry.hash),
              ]),
            ],
    },
  );
}
