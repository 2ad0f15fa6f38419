import { createWindow, type Core, requireValid, violate } from './core.ts';
import { type Problem, refuse } from './errors.ts';
import type { CommandBody } from './payloads.ts';
import { checkCommand } from './rules/commands.ts';

const MOST_COMMANDS = 100;
const DAY_MS = 24 * 60 * 60_000;

/** A definition as Discord keeps it. */
export type StoredCommand = CommandBody & { id: string; version: string; guild_id?: string };

export interface CommandBook {
  /** `global` or the guild's id. */
  list(scope: string): StoredCommand[];
  /** Guild first: what a person finds. */
  all(): StoredCommand[];
  put(
    scope: string,
    body: CommandBody,
    route: string,
    id?: string,
  ): { command: StoredCommand; created: boolean };
  replace(scope: string, bodies: readonly CommandBody[], route: string): StoredCommand[];
  remove(scope: string, id: string): void;
}

export function createCommandBook(core: Core): CommandBook {
  const scopes = new Map<string, StoredCommand[]>();
  const creates = createWindow(core, DAY_MS);
  const list = (scope: string) => scopes.get(scope) ?? [];

  function stored(scope: string, body: CommandBody, id: string): StoredCommand {
    return {
      options: [],
      default_member_permissions: null,
      nsfw: false,
      dm_permission: true,
      integration_types: [0],
      contexts: null,
      description: '',
      ...body,
      type: body.type ?? 1,
      id,
      application_id: core.world.applicationId,
      version: core.world.nextId(),
      ...(scope === 'global' ? {} : { guild_id: scope }),
    };
  }

  function countCreate(scope: string, route: string): void {
    if (creates.hit(scope).count <= core.limits.commandCreates) return;
    violate(core, route, 'command-creates', `more than ${core.limits.commandCreates} in a day`);
    refuse(30034);
  }

  return {
    list,
    all: () => [...list(core.world.guild.id), ...list('global')],
    put(scope, body, route, id) {
      requireValid(core, route, checkCommand(body));
      const before = list(scope);
      const known = before.find((command) =>
        id === undefined ? command.name === body.name : command.id === id,
      );
      if (known === undefined) {
        if (before.length >= MOST_COMMANDS) {
          violate(core, route, 'command-count', `more than ${MOST_COMMANDS}`);
          refuse(30032);
        }
        countCreate(scope, route);
      }
      const command = stored(scope, body, known?.id ?? core.world.nextId());
      scopes.set(scope, [...before.filter(({ id: other }) => other !== command.id), command]);
      core.changed();
      return { command, created: known === undefined };
    },
    replace(scope, bodies, route) {
      const problems: Problem[] = bodies.flatMap((body, index) => checkCommand(body, String(index)));
      const names = bodies.map(({ name }) => name);
      for (const name of new Set(names.filter((other, index) => names.indexOf(other) !== index)))
        problems.push({
          at: '',
          rule: 'command-name',
          code: 'APPLICATION_COMMANDS_DUPLICATE_NAME',
          message: `${name} is there twice`,
        });
      requireValid(core, route, problems);
      if (bodies.length > MOST_COMMANDS) {
        violate(core, route, 'command-count', `more than ${MOST_COMMANDS}`);
        refuse(30032);
      }
      const before = list(scope);
      const after = bodies.map((body) => {
        const known = before.find(({ name }) => name === body.name);
        if (known === undefined) countCreate(scope, route);
        return stored(scope, body, known?.id ?? core.world.nextId());
      });
      scopes.set(scope, after);
      core.changed();
      return after;
    },
    remove(scope, id) {
      const before = list(scope);
      if (!before.some((command) => command.id === id)) refuse(10063);
      scopes.set(
        scope,
        before.filter((command) => command.id !== id),
      );
      core.changed();
    },
  };
}
