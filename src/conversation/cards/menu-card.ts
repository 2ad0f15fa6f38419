import type { AnswerOf } from '../../commands/answers.ts';
import { type Role, roleAtLeast } from '../../model/principal.ts';
import type { Button, Card } from '../card.ts';
import { card } from './blank.ts';

const ENTRIES: readonly { id: Button['id']; label: string; role: Role; style: Button['style'] }[] = [
  { id: 'create', label: 'Create…', role: 'operator', style: 'primary' },
  { id: 'list', label: 'My agents', role: 'viewer', style: 'default' },
  { id: 'approvals', label: 'Approvals', role: 'viewer', style: 'default' },
  { id: 'help', label: 'Help', role: 'stranger', style: 'default' },
];

/** What somebody may do here: their role decides. */
export function menuCard({ root, role }: AnswerOf<'menu'>): Card {
  return card('help', 'Airlock', {
    text: [
      role === 'stranger'
        ? 'You may only ask for help here: an admin gives roles in airlock.yaml or AIRLOCK_ADMINS.'
        : `You are ${role} here. ${root} help lists every command.`,
    ],
    buttons: ENTRIES.filter((entry) => roleAtLeast(role, entry.role)).map(({ id, label, style }) => ({
      id,
      label,
      style,
      subject: '',
      hash: null,
      opens: null,
    })),
  });
}
