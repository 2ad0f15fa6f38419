import type { CommandBook, StoredCommand } from './command-book.ts';
import type { CommandOption } from './payloads.ts';
import { characters } from './rules/checker.ts';
import { OPTION } from './rules/commands.ts';
import type { CommandAct, OptionValue } from './types.ts';
import { channelView, memberPermissions, memberView, roleView, userView } from './views.ts';
import type { Person, World } from './world.ts';

function findCommand(commands: CommandBook, name: string | undefined): StoredCommand {
  const all = commands.all();
  const found = name === undefined ? all : all.filter((command) => command.name === name);
  const [only] = found;
  if (only === undefined)
    throw new Error(name === undefined ? 'no command is registered' : `there is no /${name}`);
  if (name === undefined && new Set(found.map((command) => command.name)).size > 1)
    throw new Error('several commands are registered: give the name');
  return only;
}

function requireAllowed(command: StoredCommand, person: Person): void {
  const needed = command.default_member_permissions;
  if (needed === null || needed === undefined || person.administrator) return;
  const has = BigInt(memberPermissions(person));
  if (needed === '0' || (has & BigInt(needed)) !== BigInt(needed))
    throw new Error(`/${command.name} is hidden from ${person.name}`);
}

function outsideRange(size: number, least: number | undefined, most: number | undefined): boolean {
  return size < (least ?? Number.NEGATIVE_INFINITY) || size > (most ?? Number.POSITIVE_INFINITY);
}

function checkValue(option: CommandOption, value: OptionValue): void {
  const fail = (why: string): never => {
    throw new Error(`Discord does not take ${JSON.stringify(value)} for "${option.name}": ${why}`);
  };
  const wanted =
    option.type === OPTION.integer || option.type === OPTION.number
      ? 'number'
      : option.type === OPTION.boolean
        ? 'boolean'
        : 'string';
  if (typeof value !== wanted) fail(`not a ${wanted}`);
  if (option.type === OPTION.integer && !Number.isInteger(value)) fail('not a whole number');
  if (
    option.choices !== undefined &&
    option.choices.length > 0 &&
    !option.choices.some((choice) => choice.value === value)
  )
    fail('none of the choices');
  if (typeof value === 'number' && outsideRange(value, option.min_value, option.max_value))
    fail('outside the range');
  if (typeof value === 'string' && option.type === OPTION.string) {
    const most = Math.min(6000, option.max_length ?? 6000);
    if (value === '' || outsideRange(characters(value), option.min_length, most)) fail('length');
  }
}

function resolvedOf(
  world: World,
  options: readonly CommandOption[],
  values: Readonly<Record<string, OptionValue>>,
) {
  const of = (type: number) =>
    options.filter((option) => option.type === type).map(({ name }) => String(values[name] ?? ''));
  const people = of(OPTION.user).flatMap((id) => world.people.get(id) ?? []);
  const roles = of(OPTION.role).flatMap((id) => world.roles.get(id) ?? []);
  const rooms = of(OPTION.channel).flatMap((id) => world.rooms.get(id) ?? []);
  const by = <T extends { id: string }, V>(items: readonly T[], view: (item: T) => V) =>
    Object.fromEntries(items.map((item) => [item.id, view(item)]));
  return {
    ...(people.length === 0 ? {} : { users: by(people, userView), members: by(people, memberWithoutUser) }),
    ...(roles.length === 0 ? {} : { roles: by(roles, (role) => roleView(role, world)) }),
    ...(rooms.length === 0 ? {} : { channels: by(rooms, (room) => channelView(room, world)) }),
  };
}

function memberWithoutUser(person: Person) {
  const { user: _user, ...member } = memberView(person);
  return { ...member, permissions: memberPermissions(person) };
}

/**
 * `data` of a command as Discord's client makes it from the registered definition; with `focused`, of its autocomplete.
 *
 * @throws Error for what the client does not offer or does not send.
 */
export function composeCommand(
  commands: CommandBook,
  world: World,
  person: Person,
  act: CommandAct,
  focused?: string,
) {
  const command = findCommand(commands, act.name);
  requireAllowed(command, person);
  const branches: CommandOption[] = [];
  let known = command.options ?? [];
  for (const step of act.path ?? []) {
    const next = known.find(({ name, type }) => name === step && type <= OPTION.group);
    if (next === undefined) throw new Error(`/${command.name} has no ${(act.path ?? []).join(' ')}`);
    branches.push(next);
    known = next.options ?? [];
  }
  if (known.some(({ type }) => type <= OPTION.group)) throw new Error(`/${command.name} needs a subcommand`);
  const values = act.options ?? {};
  const stray = Object.keys(values).find((name) => known.every((option) => option.name !== name));
  if (stray !== undefined) throw new Error(`/${command.name} has no option "${stray}" there`);
  if (focused !== undefined && known.find(({ name }) => name === focused)?.autocomplete !== true)
    throw new Error(`"${focused}" does not complete`);
  const filled = known.flatMap((option) => {
    const value = values[option.name] ?? (option.name === focused ? '' : undefined);
    if (value === undefined) {
      if (option.required === true && focused === undefined) throw new Error(`"${option.name}" is required`);
      return [];
    }
    if (focused === undefined) checkValue(option, value);
    return [
      { name: option.name, type: option.type, value, ...(option.name === focused ? { focused: true } : {}) },
    ];
  });
  const options = branches
    .toReversed()
    .reduce<unknown[]>((inner, branch) => [{ name: branch.name, type: branch.type, options: inner }], filled);
  const resolved = resolvedOf(world, known, values);
  return {
    id: command.id,
    name: command.name,
    type: 1,
    ...(command.guild_id === undefined ? {} : { guild_id: command.guild_id }),
    options,
    ...(Object.keys(resolved).length === 0 ? {} : { resolved }),
  };
}
