import type { Problem } from '../errors.ts';
import type { CommandBody, CommandOption } from '../payloads.ts';
import { characters, type Checker, createChecker } from './checker.ts';

/** Types of a command's options. */
export const OPTION = {
  subcommand: 1,
  group: 2,
  string: 3,
  integer: 4,
  boolean: 5,
  user: 6,
  channel: 7,
  role: 8,
  number: 10,
} as const;

const NAME = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u;
const MOST_CHARACTERS = 8000;
const MOST_OPTIONS = 25;
const MOST_CHOICES = 25;

function checkName(check: Checker, at: string, name: string): void {
  if (!NAME.test(name) || name !== name.toLowerCase())
    check.fail(at, 'command-name', 'Command name is invalid', 'APPLICATION_COMMAND_INVALID_NAME');
}

function isBranch(option: CommandOption): boolean {
  return option.type === OPTION.subcommand || option.type === OPTION.group;
}

export function checkChoices(
  check: Checker,
  at: string,
  choices: readonly { name: string; value: string | number }[],
  rule = 'choices',
): void {
  check.count(at, rule, choices, MOST_CHOICES);
  for (const [index, { name, value }] of choices.entries()) {
    check.text(`${at}.${index}.name`, rule, name, 100, { least: 1 });
    if (typeof value === 'string') check.text(`${at}.${index}.value`, rule, value, 100, { least: 1 });
  }
}

function checkOptions(check: Checker, at: string, options: readonly CommandOption[], parent: number): void {
  check.count(at, 'command-options', options, MOST_OPTIONS);
  check.unique(
    at,
    'command-options',
    options.map(({ name }) => name),
  );
  if (options.some(isBranch) && !options.every(isBranch))
    check.fail(
      at,
      'command-options',
      'Sub-command and sub-command group option types are mutually exclusive to all other types',
      'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID',
    );
  const firstOptional = options.findIndex((option) => option.required !== true);
  if (firstOptional >= 0 && options.slice(firstOptional).some(({ required }) => required === true))
    check.fail(
      at,
      'command-options',
      'Required options must be placed before non-required options',
      'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID',
    );
  for (const [index, option] of options.entries()) {
    const place = `${at}.${index}`;
    checkName(check, `${place}.name`, option.name);
    check.text(`${place}.description`, 'command-description', option.description, 100, { least: 1 });
    checkChoices(check, `${place}.choices`, option.choices ?? []);
    if (option.autocomplete === true && (option.choices ?? []).length > 0)
      check.fail(
        `${place}.autocomplete`,
        'command-options',
        'Not with choices',
        'APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID',
      );
    const nestedTooDeep =
      (option.type === OPTION.group && parent !== 0) ||
      (option.type === OPTION.subcommand && parent === OPTION.subcommand);
    if (nestedTooDeep)
      check.fail(
        place,
        'command-nesting',
        'Only one level of groups',
        'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID',
      );
    if (option.type === OPTION.group && (option.options ?? []).some(({ type }) => type !== OPTION.subcommand))
      check.fail(
        place,
        'command-nesting',
        'A group holds subcommands',
        'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID',
      );
    checkOptions(check, `${place}.options`, option.options ?? [], option.type);
  }
}

function charactersOf(options: readonly CommandOption[]): number {
  return options.reduce(
    (sum, option) =>
      sum +
      characters(option.name) +
      characters(option.description) +
      (option.choices ?? []).reduce(
        (all, { name, value }) => all + characters(name) + String(value).length,
        0,
      ) +
      charactersOf(option.options ?? []),
    0,
  );
}

/** One definition; `at` is its place in a bulk registration, such as `0`. */
export function checkCommand(command: CommandBody, at = ''): Problem[] {
  const check = createChecker();
  const below = (field: string) => (at === '' ? field : `${at}.${field}`);
  checkName(check, below('name'), command.name);
  check.text(below('description'), 'command-description', command.description, 100, {
    least: 1,
    required: true,
  });
  const options = command.options ?? [];
  checkOptions(check, below('options'), options, 0);
  if (characters(command.name) + characters(command.description) + charactersOf(options) > MOST_CHARACTERS)
    check.fail(
      at,
      'command-size',
      `Command exceeds maximum size (${MOST_CHARACTERS})`,
      'APPLICATION_COMMAND_TOO_LARGE',
    );
  return check.problems;
}
