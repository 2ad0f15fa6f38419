import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandText, type TypedValues } from '../../../../channels/discord/command-text.ts';
import { MENU, parametersOf } from '../../../../channels/discord/options.ts';
import { createCommandRegistry } from '../../../../src/commands/registry.ts';
import { commandShapes } from '../../../../src/commands/shapes.ts';
import type { CommandShape } from '../../../../src/model/command-shape.ts';

const registry = createCommandRegistry({ images: { list: async () => [] } });
const shapes = commandShapes();
const THREAD_AGENT = { id: 'a1b2c3d4', name: 'calm-otter' };

function shape(name: string): CommandShape {
  const found = shapes.find((command) => command.name === name);
  if (found === undefined) throw new Error(`no command ${name}`);
  return found;
}

/** What the registry reads in the line, as the inbox asks it. */
function readBack(line: { text: string; via: 'command' | 'mention' }) {
  const threadAgent = line.via === 'mention' ? THREAD_AGENT : null;
  const { command, raw } = registry.parse(line.text, { via: line.via, threadAgent });
  return { name: command.name, raw };
}

/** What a command line can say of the values: words without white space around, texts without any before. */
function expected(command: CommandShape, values: TypedValues): Record<string, string | true> {
  const entries = parametersOf(command).flatMap(({ kind, shape: { name } }): [string, string | true][] => {
    const value = values[name];
    if (value === undefined || value === false) return [];
    if (kind === 'flag') return [[name, true]];
    return [[name, kind === 'rest' ? String(value).trimStart() : String(value).trim()]];
  });
  return Object.fromEntries(entries);
}

const WORDS = [
  'box',
  'calm-otter',
  'a1b2c3d4',
  '--',
  '--force',
  '-x',
  '8h',
  '',
  ' ',
  'a b',
  'exec',
  '`x`',
  '"',
  '=',
  '--a=b',
  '@everyone',
  'é',
  '\u00a0',
  '\u2028x',
  'a\tb',
  ' box ',
  '\u200b',
];
const hostile = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const line = fc.oneof(
  fc
    .array(fc.constantFrom(...WORDS, '\n', '$(x)', ' -- ', '&&', '\\'), { maxLength: 8 })
    .map((words) => words.join(' ')),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

function numbers(kind: 'whole' | 'decimal'): fc.Arbitrary<number> {
  return kind === 'whole' ? fc.nat() : fc.double({ min: 0, max: 2 ** 53, noNaN: true });
}

/** Values as Discord gives them: what is required is there. */
function valuesFor(command: CommandShape, options: { agentGiven: boolean }): fc.Arbitrary<TypedValues> {
  const given = parametersOf(command).map(
    (parameter): [string, fc.Arbitrary<string | number | boolean | undefined>] => {
      const {
        kind,
        shape: { name },
      } = parameter;
      if (kind === 'flag') return [name, fc.option(fc.boolean(), { nil: undefined })];
      const number = 'number' in parameter.shape ? parameter.shape.number : undefined;
      const value: fc.Arbitrary<string | number> =
        kind === 'rest' ? line : number === undefined ? hostile : numbers(number);
      const isAgent = kind === 'positional' && parameter.shape.completes?.from === 'agents';
      if (isAgent) return [name, options.agentGiven ? value : fc.constant(undefined)];
      const needed = 'optional' in parameter.shape && !parameter.shape.optional;
      return [name, needed ? value : fc.option(value, { nil: undefined })];
    },
  );
  return fc
    .record(Object.fromEntries(given))
    .map((values) =>
      Object.fromEntries(
        Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
      ),
    );
}

describe('typed options as a command line', () => {
  test.each(shapes.map(({ name }) => name))('of %s say exactly what was typed, or are refused', (name) => {
    const command = shape(name);
    fc.assert(
      fc.property(valuesFor(command, { agentGiven: true }), fc.boolean(), (values, inThread) => {
        const made = commandText(command, values, { inThread });
        if ('problem' in made) return;
        const wanted = expected(command, values);
        const rest = command.rest === null ? '' : (wanted[command.rest.name] ?? '');
        // The registry itself refuses a text that is needed and says nothing.
        if (command.rest?.optional === false && rest === '') {
          expect(() => readBack(made)).toThrow('needs');
          return;
        }
        expect(readBack(made)).toEqual({ name, raw: wanted });
      }),
    );
  });

  test.each(['exec', 'status', 'stop', 'extend', 'logs', 'pause', 'resume'])(
    'of %s mean the agent of the thread where none is named, whatever else was typed',
    (name) => {
      const command = shape(name);
      fc.assert(
        fc.property(valuesFor(command, { agentGiven: false }), (values) => {
          const made = commandText(command, values, { inThread: true });
          if ('problem' in made) return;
          const wanted = expected(command, values);
          if (command.rest !== null && wanted[command.rest.name] === '') return;
          expect(readBack(made)).toEqual({ name, raw: { ...wanted, agent: THREAD_AGENT.id } });
        }),
      );
    },
  );

  test.each([
    ['a name with a space', 'status', { agent: 'calm otter' }, 'one word'],
    ['a name like an option before a command line', 'exec', { agent: '--timeout', command: 'ls' }, 'dashes'],
    ['a duration that could be an agent', 'extend', { duration: 'box' }, 'could be an agent'],
    ['an option with a space', 'create', { memory: '1 g' }, 'one word'],
  ])('refuses %s', (_, name, values, words) => {
    expect(commandText(shape(name), values, { inThread: true })).toEqual({
      problem: expect.stringContaining(words),
    });
  });

  test('takes a name that begins with dashes where no command line follows', () => {
    const made = commandText(shape('status'), { agent: '--force' }, { inThread: false });

    expect(made).toEqual({ text: 'status -- --force', via: 'command' });
  });

  test('names another agent in the thread of one', () => {
    const made = commandText(shape('exec'), { agent: 'box', command: 'ls' }, { inThread: true });

    expect(made).toEqual({ text: 'exec box -- ls', via: 'command' });
  });

  test('of the menu are the root command alone', () => {
    expect(commandText(MENU, {}, { inThread: false })).toEqual({ text: '', via: 'command' });
  });
});
