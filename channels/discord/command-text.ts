import type { CommandShape } from '../../src/model/command-shape.ts';
import { isAgent, MENU } from './options.ts';

/** What was given for the options of a subcommand, by name. */
export type TypedValues = Readonly<Record<string, string | number | boolean>>;

/** A command line that says the same, and how it is read; or why there is none. */
export type CommandText =
  | { text: string; via: 'command' | 'mention' }
  /** A sentence for the one who typed. */
  | { problem: string };

/** Agents' names and ids start with a letter: the reader of a command line in a thread goes by it. */
const LIKE_AN_AGENT = /^[a-z]/i;

/**
 * Typed options put back into the command line that the registry reads: it gives exactly these values again, without white space
 * around words and before a text. A value that no command line can carry is a problem, never another value. Read as a mention where the
 * agent is left out, so that the thread's agent stands in.
 */
export function commandText(
  command: CommandShape,
  values: TypedValues,
  place: { inThread: boolean },
): CommandText {
  if (command.name === MENU.name) return { text: '', via: 'command' };
  const options = optionWords(command, values);
  if ('problem' in options) return options;
  const named = positionalWords(command, values, place);
  if ('problem' in named) return named;
  const { rest } = command;
  const text = rest === null ? undefined : values[rest.name];
  // Without a rest, -- only ends the options: a name may begin with dashes then.
  const ends = rest === null && named.words.some((word) => word.startsWith('--'));
  const words = [command.name, ...options.words, ...(ends ? ['--'] : []), ...named.words];
  const line = text === undefined ? words.join(' ') : `${words.join(' ')} -- ${String(text)}`;
  return { text: line, via: named.agentLeftOut ? 'mention' : 'command' };
}

function optionWords(
  { options }: CommandShape,
  values: TypedValues,
): { words: string[] } | { problem: string } {
  const words: string[] = [];
  for (const { name, value } of options) {
    const given = values[name];
    if (given === undefined || given === false) continue;
    if (value === null) {
      words.push(`--${name}`);
      continue;
    }
    const word = String(given).trim();
    if (!isWord(word)) return { problem: oneWord(name) };
    words.push(`--${name}=${word}`);
  }
  return { words };
}

function positionalWords(
  { positionals, rest }: CommandShape,
  values: TypedValues,
  { inThread }: { inThread: boolean },
): { words: string[]; agentLeftOut: boolean } | { problem: string } {
  const words: string[] = [];
  let agentLeftOut = false;
  let gap: string | null = null;
  for (const positional of positionals) {
    const { name } = positional;
    const given = values[name];
    if (given === undefined) {
      if (!isAgent(positional)) gap ??= name;
      else if (inThread) agentLeftOut = true;
      else return { problem: `Give ${name}: this is not the thread of an agent.` };
      continue;
    }
    const word = String(given).trim();
    if (!isWord(word)) return { problem: oneWord(name) };
    if (rest !== null && word.startsWith('--')) return { problem: `${name} cannot begin with dashes.` };
    if (gap !== null) return { problem: `Give ${gap} too.` };
    // The reader goes by order, and would take it for the agent that was left out.
    if (agentLeftOut && (rest !== null || LIKE_AN_AGENT.test(word))) {
      return { problem: `${word} could be an agent: give the agent too, or another ${name}.` };
    }
    words.push(word);
  }
  return { words, agentLeftOut };
}

function isWord(text: string): boolean {
  return text !== '' && !/\s/.test(text);
}

function oneWord(name: string): string {
  return `${name} is one word, without spaces.`;
}
