import type { Choice } from '../../src/conversation/channel.ts';
import type { CommandShape } from '../../src/model/command-shape.ts';
import { shortLine } from '../shared/fit.ts';
import { COMMAND_LIMITS } from './options.ts';

/** Stands for a word before the one that is being typed; only that there is one counts. */
const SOME_WORD = '_';

/**
 * The command line so far, with the option that is being typed at its end; null where nothing is suggested. What is completed is
 * told by place, so other values are left out.
 */
export function completionText(
  command: CommandShape,
  focused: { name: string; value: string },
): string | null {
  const typed = focused.value.trimStart();
  if (/\s/.test(typed)) return null;
  const option = command.options.find(({ name }) => name === focused.name);
  if (option !== undefined) return `${command.name} --${option.name} ${typed}`;
  const at = command.positionals.findIndex(({ name }) => name === focused.name);
  if (at === -1 || typed.startsWith('-')) return null;
  return [command.name, ...Array.from({ length: at }, () => SOME_WORD), typed].join(' ');
}

/** As Discord takes them for a word or a number. A value that is too long is left out: a cut one would be another. */
export function toChoices(
  found: readonly Choice[],
  typed: 'word' | 'number' = 'word',
): { name: string; value: string | number }[] {
  const { choices, choiceCharacters: most } = COMMAND_LIMITS;
  return found
    .filter(({ value }) => value !== '' && value.length <= most)
    .slice(0, choices)
    .map(({ value, label }) => ({
      name: labelOf(label, value),
      value: typed === 'number' ? Number(value) : value,
    }))
    .filter(({ value }) => !Number.isNaN(value));
}

function labelOf(label: string, value: string): string {
  // An id says nothing to people, and what it stands for does not say which one it is.
  const words = label === '' || label.startsWith(value) ? label || value : `${value} · ${label}`;
  return shortLine(words, COMMAND_LIMITS.choiceCharacters);
}
