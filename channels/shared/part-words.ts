import type { CardOutput } from '../../src/conversation/card.ts';
import { count, formatBytes } from '../../src/lib/format.ts';
import { figure } from './words.ts';

/** Code that is longer says its size, for the part that a platform folds away. */
const LONG_CODE_LINES = 8;
const LONG_CODE_CHARACTERS = 500;

/** Where all of it is that a card could not show. */
export const WHERE_WHOLE = 'The file below and View full have the whole.';

/** `123 of 4,567 characters are not shown` */
export function notShown(missing: number, all: number): string {
  return `${figure(missing)} of ${figure(all)} characters are not shown`;
}

/** ` (9 lines, 1,234 characters)` of code that is long, else nothing. `characters` are those of the escaped text. */
export function sizeOfCode(text: string, characters: number): string {
  const lines = text.split('\n').length;
  const long = lines > LONG_CODE_LINES || characters > LONG_CODE_CHARACTERS;
  return long ? ` (${count(lines, 'line')}, ${figure(characters)} characters)` : '';
}

/** What is said of output that still grows: how much there is, and that only its end is shown. */
export function sizeOfOutput({ live, fromByte, totalBytes }: CardOutput, missing: number): string {
  if (!live) return '';
  return fromByte > 0 || missing > 0 ? ` (so far ${formatBytes(totalBytes)}; the end of it)` : ' (so far)';
}

/** `and 3 more warnings`, or nothing. */
export function andMore(missing: number, what = ''): string {
  if (missing === 0) return '';
  const named = what === '' ? '' : ` ${what}${missing === 1 ? '' : 's'}`;
  return `and ${figure(missing)} more${named}`;
}
