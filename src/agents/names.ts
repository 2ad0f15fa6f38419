import { randomInt } from 'node:crypto';
import { AppError } from '../errors.ts';
import { escapeLine } from '../lib/escape-text.ts';

/** What people type: short, no shell or markup characters, never mistaken for an option. */
export const AGENT_NAME_PATTERN = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
export const MAX_NAME_LENGTH = 32;

const MOODS = (
  'able agile bold brave bright brisk calm candid cheery civil clear clever cosy crisp deft eager early easy even ' +
  'fair fleet fond frank free fresh gentle glad grand happy hardy honest humble jolly keen kind lively loyal lucky ' +
  'lunar mellow merry mild modest neat nimble noble patient plain polite proud quick quiet rapid ready sharp shy ' +
  'silent simple sleek smart snug solar solid spry steady still sunny swift tidy trusty vivid warm wise witty young'
).split(' ');
const ANIMALS = (
  'badger bear beaver bee bison crane crow deer dingo dove duck eagle egret elk falcon ferret finch fox frog gecko ' +
  'goat goose hare hawk heron horse ibex ibis jay kiwi koala lark lemur lion llama lynx magpie marmot marten mole ' +
  'moose mouse newt okapi orca osprey otter owl panda parrot pika plover puffin quail rabbit raven robin salmon seal ' +
  'shrew sloth snail sparrow squid stork swan swift tapir tern tiger toad toucan trout turtle viper vole walrus whale ' +
  'wolf wombat wren yak zebra'
).split(' ');
/** After as many taken ones a number is added, so that a choice always ends. */
const PLAIN_TRIES = 20;

/** Throws INVALID_NAME unless the name can be typed, shown and told from an option. */
export function requireAgentName(name: string): void {
  if (name.length <= MAX_NAME_LENGTH && AGENT_NAME_PATTERN.test(name)) return;
  const shown = escapeLine(name.length > MAX_NAME_LENGTH * 2 ? `${name.slice(0, MAX_NAME_LENGTH)}…` : name);
  throw new AppError('INVALID_NAME', `"${shown}" cannot be the name of an agent`, {
    hint: `Use 1 to ${MAX_NAME_LENGTH} of a-z, 0-9 and single dashes, a letter first, such as calm-otter.`,
  });
}

/** A memorable name that is not taken: `calm-otter`, after many misses `calm-otter-417`. */
export async function chooseName(taken: (name: string) => Promise<boolean>): Promise<string> {
  for (let tries = 0; ; tries += 1) {
    const pair = `${pick(MOODS)}-${pick(ANIMALS)}`;
    const name =
      tries < PLAIN_TRIES ? pair : `${pair}-${randomInt(10 ** Math.min(9, tries - PLAIN_TRIES + 2))}`;
    if (!(await taken(name))) return name;
  }
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? 'calm';
}
