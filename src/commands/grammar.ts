import { AppError } from '../errors.ts';
import { closest } from '../lib/edit-distance.ts';
import { quote } from '../lib/quote.ts';
import type { CommandFacts, Option, Positional, RawArguments } from './types.ts';
import { usage, usageHint } from './usage.ts';

/** The agent a mention is about: the thread's. */
export interface ThreadAgent {
  id: string;
  name: string;
}

interface Word {
  text: string;
  start: number;
  end: number;
}

/** Agents' names and ids start with a letter, so `8h` or `3` after a command in a thread is never one. */
const AGENT_START = /^[a-z]/i;

/** The next run of characters that are not white space, or null at the end. */
export function nextWord(text: string, from: number): Word | null {
  const pattern = /\S+/g;
  pattern.lastIndex = from;
  const match = pattern.exec(text);
  return match === null ? null : { text: match[0], start: match.index, end: match.index + match[0].length };
}

/**
 * Reads what follows a command's name. Options end at the first word that is neither an option nor a positional, or at `--`;
 * from there the rest is a slice of the original text, so quotes and spacing survive. `threadAgent` (mentions only) stands in
 * where an agent is needed and none is named. Throws UNKNOWN_OPTION or INVALID_INPUT with the usage line.
 */
export function parseArguments(
  command: CommandFacts,
  text: string,
  root: string,
  threadAgent: ThreadAgent | null = null,
): RawArguments {
  const { positionals, options, rest } = command.grammar;
  const raw: Record<string, string | true> = {};
  const open = [...positionals];
  let position = 0;
  let optionsEnded = false;
  for (;;) {
    const word = nextWord(text, position);
    if (word === null) break;
    if (word.text === '--' && !optionsEnded) {
      optionsEnded = true;
      position = word.end;
      if (rest === null) continue;
      raw[rest.name] = text.slice(word.end).trimStart();
      break;
    }
    if (word.text.startsWith('--') && !optionsEnded) {
      position = readOption(command, root, options, raw, text, word);
      continue;
    }
    const positional = takePositional(open, word.text, threadAgent, raw, rest !== null);
    if (positional !== null) {
      raw[positional.name] = word.text;
      position = word.end;
      continue;
    }
    if (rest === null) {
      throw new AppError('INVALID_INPUT', `${command.name} does not take ${quote(word.text)}`, {
        hint: usageHint(command, root),
      });
    }
    raw[rest.name] = text.slice(word.start);
    break;
  }
  fillThreadAgent(open, threadAgent, raw);
  requireAll(command, root, open, raw);
  return raw;
}

/** The positional this word fills, or null when it begins the rest (or nothing is left to fill). */
function takePositional(
  open: Positional[],
  word: string,
  threadAgent: ThreadAgent | null,
  raw: Record<string, string | true>,
  hasRest: boolean,
): Positional | null {
  const next = open[0];
  if (next === undefined) return null;
  if (threadAgent !== null && isAgent(next)) {
    // A mention is about its thread's agent. Before a command line only that agent's own name is taken as a name, so that
    // no first word of a command can reach another agent by accident.
    const named = hasRest ? word === threadAgent.name || word === threadAgent.id : AGENT_START.test(word);
    if (!named) {
      raw[next.name] = threadAgent.id;
      open.shift();
      return takePositional(open, word, null, raw, hasRest);
    }
  }
  open.shift();
  return next;
}

function fillThreadAgent(
  open: Positional[],
  threadAgent: ThreadAgent | null,
  raw: Record<string, string | true>,
): void {
  const next = open[0];
  if (next === undefined || threadAgent === null || !isAgent(next)) return;
  raw[next.name] = threadAgent.id;
  open.shift();
}

function isAgent(positional: Positional): boolean {
  return positional.completes?.from === 'agents';
}

function requireAll(
  command: CommandFacts,
  root: string,
  open: readonly Positional[],
  raw: RawArguments,
): void {
  const { rest } = command.grammar;
  const missing = open.find((positional) => !positional.optional)?.name;
  const missingRest =
    rest !== null && !rest.optional && (raw[rest.name] ?? '') === '' ? rest.name : undefined;
  const name = missing ?? missingRest;
  if (name === undefined) return;
  throw new AppError('INVALID_INPUT', `${command.name} needs <${name}>`, { hint: usageHint(command, root) });
}

/** Stores one option and returns where reading goes on. `--name value` and `--name=value` are both understood. */
function readOption(
  command: CommandFacts,
  root: string,
  options: readonly Option[],
  raw: Record<string, string | true>,
  text: string,
  word: Word,
): number {
  const equals = word.text.indexOf('=');
  const name = word.text.slice(2, equals === -1 ? undefined : equals);
  const option = options.find((candidate) => candidate.name === name);
  if (option === undefined) throw unknownOption(command, root, name);
  if (Object.hasOwn(raw, option.name)) {
    throw new AppError('INVALID_INPUT', `--${option.name} is given twice`, {
      hint: usageHint(command, root),
    });
  }
  if (option.value === null) {
    if (equals !== -1) {
      throw new AppError('INVALID_INPUT', `--${option.name} takes no value`, {
        hint: usageHint(command, root),
      });
    }
    raw[option.name] = true;
    return word.end;
  }
  if (equals !== -1) {
    raw[option.name] = word.text.slice(equals + 1);
    return word.end;
  }
  const value = nextWord(text, word.end);
  if (value === null || value.text.startsWith('--')) {
    throw new AppError('INVALID_INPUT', `--${option.name} needs a value such as ${option.value}`, {
      hint: usageHint(command, root),
    });
  }
  raw[option.name] = value.text;
  return value.end;
}

function unknownOption(command: CommandFacts, root: string, name: string): AppError {
  const names = command.grammar.options.map((option) => option.name);
  const meant = closest(name, names);
  const hint =
    meant !== null
      ? `did you mean --${meant}? Usage: ${usage(command, root)}`
      : command.grammar.rest?.kind === 'command-line'
        ? `put -- before the command line: ${usage(command, root)}`
        : `usage: ${usage(command, root)}`;
  return new AppError('UNKNOWN_OPTION', `${command.name} has no option ${quote(`--${name}`)}`, { hint });
}
