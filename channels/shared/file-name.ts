import { escapeLine } from '../../src/lib/escape-text.ts';

/** Platforms keep longer names, but show no more. */
const MAX_CHARACTERS = 120;

/**
 * A name that a platform keeps as it is: a file that may have landed is looked for by it. It may hold what a sandbox wrote. Its end
 * tells files of one thread apart, so the middle goes.
 */
export function fileName(name: string): string {
  const plain = escapeLine(name).replaceAll(/[^A-Za-z0-9._-]/g, '_');
  if (plain.length <= MAX_CHARACTERS) return plain;
  const half = MAX_CHARACTERS / 2;
  return `${plain.slice(0, half)}_${plain.slice(1 - half)}`;
}
