import { formatTime } from '../../src/lib/format.ts';
import type { Card, Tone } from '../../src/conversation/card.ts';

/** A shape for each tone; the word beside it carries the meaning. */
export const MARKS = {
  neutral: '⚪',
  progress: '🔄',
  waiting: '⏳',
  success: '✅',
  warning: '⚠️',
  failure: '❌',
} as const satisfies Record<Tone, string>;

/** `12,345` */
export function figure(number: number): string {
  return number.toLocaleString('en-US');
}

/** What a card's title is marked with. */
export function markOf({ kind, state }: Pick<Card, 'kind' | 'state'>): string {
  return MARKS[state?.tone ?? (kind === 'error' ? 'failure' : 'neutral')];
}

/** When a step was, in UTC; the date stands where it is another one than that of the step before. */
export function timeOf(at: number, before: number | null): string {
  const [date = '', time = ''] = formatTime(at).split(' ');
  return before !== null && formatTime(before).startsWith(date) ? time : `${date} ${time}`;
}
