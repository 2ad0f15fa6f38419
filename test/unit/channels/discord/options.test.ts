import { ApplicationCommandOptionType } from 'discord.js';
import { describe, expect, test } from 'vitest';
import {
  COMMAND_LIMITS,
  type CommandDefinition,
  defineCommands,
  findCommand,
  ROOT,
} from '../../../../channels/discord/options.ts';
import { DEFAULT_ROOT } from '../../../../src/commands/define.ts';
import { commandShapes } from '../../../../src/commands/shapes.ts';
import type { CommandShape } from '../../../../src/model/command-shape.ts';
import { commandSchema } from '../../../emulators/discord/payloads.ts';
import { checkCommand } from '../../../emulators/discord/rules/commands.ts';

const shapes = commandShapes();
const definition = defineCommands(shapes, 'guild');

/** What Discord would refuse. */
function problemsOf(command: CommandDefinition) {
  return checkCommand(commandSchema.parse(command));
}

function subcommand(name: string) {
  const found = definition.options?.find((option) => option.name === name);
  if (found?.type !== ApplicationCommandOptionType.Subcommand) throw new Error(`no subcommand ${name}`);
  return found;
}

function option(command: string, name: string) {
  return subcommand(command).options?.find((candidate) => candidate.name === name);
}

function made(parts: Partial<CommandShape>): CommandShape {
  return {
    name: 'made',
    summary: 'Do it',
    positionals: [],
    options: [],
    rest: null,
    examples: [],
    opens: null,
    visibility: 'thread',
    ...parts,
  };
}

describe('the registered command', () => {
  test('keeps within every limit of Discord, with the whole registry in it', () => {
    expect(problemsOf(definition)).toEqual([]);
    expect(definition.options?.length).toBeLessThanOrEqual(COMMAND_LIMITS.options);
  });

  test('has a subcommand for each command of the registry, and the menu', () => {
    expect(definition.options?.map(({ name }) => name)).toEqual([...shapes.map(({ name }) => name), 'menu']);
  });

  test('is called as hints call it', () => {
    expect(`/${ROOT}`).toBe(DEFAULT_ROOT);
  });

  test('cuts no summary of the registry', () => {
    expect(JSON.stringify(definition)).not.toContain('…');
  });

  test('has a text for a command line, and a choice of yes and no for a flag', () => {
    expect(option('exec', 'command')).toMatchObject({
      type: ApplicationCommandOptionType.String,
      required: true,
      max_length: 6000,
    });
    expect(option('create', 'network')).toMatchObject({ type: ApplicationCommandOptionType.Boolean });
  });

  test('has a number for what is counted or measured', () => {
    expect(option('create', 'cpu')).toMatchObject({
      type: ApplicationCommandOptionType.Number,
      min_value: 0,
    });
    expect(option('audit', 'number')).toMatchObject({ type: ApplicationCommandOptionType.Integer });
    expect(option('stop-all', 'number')).toMatchObject({ type: ApplicationCommandOptionType.Integer });
  });

  test('asks for what is needed first, and never for the agent: a thread has one', () => {
    expect(subcommand('exec').options?.map(({ name, required }) => [name, required])).toEqual([
      ['command', true],
      ['agent', false],
      ['timeout', false],
    ]);
  });

  test('suggests agents, approvals, images, skills and sandboxes, and offers the commands as choices', () => {
    expect(option('exec', 'agent')).toMatchObject({ autocomplete: true });
    expect(option('approve', 'id')).toMatchObject({ autocomplete: true });
    expect(option('create', 'image')).toMatchObject({ autocomplete: true });
    expect(option('create', 'skill')).toMatchObject({ autocomplete: true });
    expect(option('create', 'sandbox')).toMatchObject({ autocomplete: true });
    expect(option('help', 'command')).toMatchObject({
      choices: expect.arrayContaining([{ name: 'exec', value: 'exec' }]),
    });
  });

  test('of all servers is offered in servers that have the bot, and nowhere else', () => {
    expect(defineCommands(shapes, 'global')).toMatchObject({ contexts: [0], integration_types: [0] });
    expect(definition).not.toHaveProperty('contexts');
  });

  test('is refused before Discord refuses it', () => {
    const many = Array.from({ length: 26 }, (_, at) => made({ name: `made-${at}` }));
    const long = 'x'.repeat(100);
    const flag = { summary: long, value: null, completes: null };
    const options = Array.from({ length: 25 }, (_, at) => ({ ...flag, name: `option-${at}` }));
    const big = Array.from({ length: 4 }, (_, at) => made({ name: `made-${at}`, options }));

    expect(() => defineCommands(many, 'guild')).toThrow('27 subcommands');
    expect(() => defineCommands(big, 'guild')).toThrow('characters');
    expect(() => defineCommands([made({ name: 'Two Words' })], 'guild')).toThrow('Two Words');
  });

  test('shortens a description that is too long', () => {
    const defined = defineCommands([made({ summary: 'é'.repeat(200) })], 'guild');

    expect(problemsOf(defined)).toEqual([]);
    expect(defined.options?.[0]?.description).toMatch(/^é{99}…$/);
  });
});

test('a subcommand of another version is none', () => {
  expect(findCommand(shapes, 'explode')).toBeNull();
  expect(findCommand(shapes, 'exec')?.name).toBe('exec');
  expect(findCommand(shapes, 'menu')?.name).toBe('menu');
});
