import {
  type APIApplicationCommandBasicOption,
  type APIApplicationCommandSubcommandOption,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ApplicationIntegrationType,
  InteractionContextType,
  type RESTPostAPIChatInputApplicationCommandsJSONBody,
} from 'discord.js';
import { AppError } from '../../src/errors.ts';
import type { CommandShape, OptionShape, PositionalShape, RestShape } from '../../src/model/command-shape.ts';
import { shortLine } from '../shared/fit.ts';

/** The command that everything is a subcommand of. */
export const ROOT = 'agent';

/** Discord has no bare root command: what a slash alone shows elsewhere has a name here. */
export const MENU: CommandShape = {
  name: 'menu',
  summary: 'Show what you may do here',
  positionals: [],
  options: [],
  rest: null,
  examples: [],
  opens: null,
  visibility: 'private',
};

/** What Discord takes of a definition. Counted in UTF-16 units, never fewer than Discord counts. */
export const COMMAND_LIMITS = {
  nameCharacters: 32,
  descriptionCharacters: 100,
  /** Of a command (its subcommands) and of a subcommand. */
  options: 25,
  choices: 25,
  choiceCharacters: 100,
  /** Names, descriptions and choices of the whole command. */
  totalCharacters: 8000,
  textCharacters: 6000,
} as const;

/** Words (names, ids, sizes) are no longer. */
const WORD_CHARACTERS = 100;

/** Not in direct messages, and not for who installed the app for themselves alone. */
const EVERYWHERE = {
  contexts: [InteractionContextType.Guild],
  integration_types: [ApplicationIntegrationType.GuildInstall],
};

/** A definition as it is registered. */
export type CommandDefinition = RESTPostAPIChatInputApplicationCommandsJSONBody & { description: string };

/** A value of a command, and where in the command line it stands. */
export type Parameter =
  | { kind: 'positional'; shape: PositionalShape }
  | { kind: 'option' | 'flag'; shape: OptionShape }
  | { kind: 'rest'; shape: RestShape };

/** Everything that a command takes, in the order of its command line. */
export function parametersOf({ positionals, options, rest }: CommandShape): Parameter[] {
  return [
    ...positionals.map((shape) => ({ kind: 'positional' as const, shape })),
    ...options.map((shape) => ({
      kind: shape.value === null ? ('flag' as const) : ('option' as const),
      shape,
    })),
    ...(rest === null ? [] : [{ kind: 'rest' as const, shape: rest }]),
  ];
}

/** In a thread of an agent it may be left out. */
export function isAgent({ completes }: PositionalShape): boolean {
  return completes?.from === 'agents';
}

/** The command of that subcommand; null for one that this version does not know. */
export function findCommand(commands: readonly CommandShape[], name: string): CommandShape | null {
  return commands.find((command) => command.name === name) ?? (name === MENU.name ? MENU : null);
}

/**
 * The commands as one slash command with a subcommand each. `scope`: a command of one server, or one everywhere that the bot is.
 * Throws INTERNAL for what Discord would refuse.
 */
export function defineCommands(
  commands: readonly CommandShape[],
  scope: 'guild' | 'global',
): CommandDefinition {
  const all = [...commands, ...(commands.some(({ name }) => name === MENU.name) ? [] : [MENU])];
  const options = all.map((command) => subcommand(command, commands));
  const definition: CommandDefinition = {
    type: ApplicationCommandType.ChatInput,
    name: ROOT,
    description: 'Agents in sandboxes: create them, run commands in them, decide on requests',
    options,
    // What a command starts is shown where it was typed, and that is in a server which has the bot.
    ...(scope === 'global' ? EVERYWHERE : {}),
  };
  if (options.length > COMMAND_LIMITS.options) throw refused(`${options.length} subcommands`);
  const characters = charactersOf(definition);
  if (characters > COMMAND_LIMITS.totalCharacters) throw refused(`${characters} characters`);
  return definition;
}

function subcommand(
  command: CommandShape,
  commands: readonly CommandShape[],
): APIApplicationCommandSubcommandOption {
  const options = parametersOf(command)
    .map((parameter) => optionOf(parameter, commands))
    // Those that are needed come first: Discord asks for them in this order.
    .toSorted((a, b) => Number(b.required === true) - Number(a.required === true));
  if (options.length > COMMAND_LIMITS.options) throw refused(`${options.length} options of ${command.name}`);
  return {
    type: ApplicationCommandOptionType.Subcommand,
    name: nameOf(command.name),
    description: fit(command.summary),
    options,
  };
}

function optionOf(parameter: Parameter, commands: readonly CommandShape[]): APIApplicationCommandBasicOption {
  const name = nameOf(parameter.shape.name);
  switch (parameter.kind) {
    case 'flag':
      return {
        type: ApplicationCommandOptionType.Boolean,
        name,
        description: fit(parameter.shape.summary),
        required: false,
      };
    case 'rest':
      return {
        type: ApplicationCommandOptionType.String,
        name,
        description: fit(parameter.shape.summary),
        required: !parameter.shape.optional,
        max_length: COMMAND_LIMITS.textCharacters,
      };
    case 'option': {
      const { summary, value } = parameter.shape;
      const described = { name, description: fit(`${summary}, such as ${value}`), required: false };
      return valueOption(described, parameter.shape, commands);
    }
    case 'positional': {
      const { summary, optional } = parameter.shape;
      const agent = isAgent(parameter.shape);
      const description = fit(agent ? `${summary}; left out, the agent of the thread` : summary);
      return valueOption({ name, description, required: !optional && !agent }, parameter.shape, commands);
    }
  }
}

/** A word or a number. Names of commands are known beforehand; all else is suggested while somebody types. */
function valueOption(
  described: { name: string; description: string; required: boolean },
  { completes, number }: Pick<PositionalShape, 'completes' | 'number'>,
  commands: readonly CommandShape[],
): APIApplicationCommandBasicOption {
  const suggests = completes === null ? {} : ({ autocomplete: true } as const);
  if (number !== undefined) {
    const { Integer, Number: Decimal } = ApplicationCommandOptionType;
    const option = { ...described, min_value: 0, ...suggests };
    return number === 'whole' ? { type: Integer, ...option } : { type: Decimal, ...option };
  }
  const type = ApplicationCommandOptionType.String;
  if (completes?.from === 'commands' && commands.length <= COMMAND_LIMITS.choices) {
    return { type, ...described, choices: commands.map(({ name }) => ({ name, value: name })) };
  }
  return { type, ...described, max_length: WORD_CHARACTERS, ...suggests };
}

function nameOf(name: string): string {
  if (new RegExp(`^[a-z0-9_-]{1,${COMMAND_LIMITS.nameCharacters}}$`).test(name)) return name;
  throw refused(`the name ${JSON.stringify(name)}`);
}

function fit(text: string): string {
  return shortLine(text, COMMAND_LIMITS.descriptionCharacters);
}

interface Counted {
  name: string;
  description: string;
  choices?: readonly { name: string; value: string | number }[] | undefined;
  options?: readonly object[] | undefined;
}

function charactersOf({ name, description, choices = [], options = [] }: Counted): number {
  const texts = [name, description, ...choices.flatMap((choice) => [choice.name, String(choice.value)])];
  const own = texts.reduce((sum, text) => sum + text.length, 0);
  return options.reduce((sum, option) => sum + (isCounted(option) ? charactersOf(option) : 0), own);
}

function isCounted(option: object): option is Counted {
  return 'name' in option && 'description' in option;
}

function refused(what: string): AppError {
  return new AppError('INTERNAL', `Discord takes no command with ${what}`);
}
