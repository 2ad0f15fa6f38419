import { z } from 'zod';
import { violate } from '../core.ts';
import { refuse } from '../errors.ts';
import { commandSchema } from '../payloads.ts';
import { type ApiRequest, bodyOf } from '../request.ts';
import { type Desk, type Handler, type HandlerTable, NO_CONTENT, ok, param } from './desk.ts';

/** `global`, or the guild of the path. */
function scopeOf(desk: Desk, request: ApiRequest): string {
  if (param(request, 'application') !== desk.core.world.applicationId) refuse(50001);
  const guild = request.params['guild'];
  if (guild !== undefined && guild !== desk.core.world.guild.id) refuse(50001);
  return guild ?? 'global';
}

const all: Handler = (desk, request) => ok(desk.commands.list(scopeOf(desk, request)));

const create: Handler = (desk, request) => {
  const scope = scopeOf(desk, request);
  const { command, created } = desk.commands.put(
    scope,
    bodyOf(desk.core, request, commandSchema),
    request.route,
  );
  return ok(command, created ? 201 : 200);
};

const replace: Handler = (desk, request) =>
  ok(
    desk.commands.replace(
      scopeOf(desk, request),
      bodyOf(desk.core, request, z.array(commandSchema)),
      request.route,
    ),
  );

const one: Handler = (desk, request) =>
  ok(
    desk.commands.list(scopeOf(desk, request)).find(({ id }) => id === param(request, 'command')) ??
      refuse(10063),
  );

const change: Handler = (desk, request) => {
  const scope = scopeOf(desk, request);
  const known = desk.commands.list(scope).find(({ id }) => id === param(request, 'command')) ?? refuse(10063);
  const body = bodyOf(desk.core, request, commandSchema.partial());
  const changed = { ...known, ...body, name: body.name ?? known.name };
  return ok(desk.commands.put(scope, changed, request.route, known.id).command);
};

const remove: Handler = (desk, request) => {
  desk.commands.remove(scopeOf(desk, request), param(request, 'command'));
  return NO_CONTENT;
};

/** Registration of commands, global and for the guild. */
export const commandRoutes: HandlerTable = {
  'GET /applications/:application/commands': all,
  'POST /applications/:application/commands': create,
  'PUT /applications/:application/commands': replace,
  'GET /applications/:application/commands/:command': one,
  'PATCH /applications/:application/commands/:command': change,
  'DELETE /applications/:application/commands/:command': remove,
  'GET /applications/:application/guilds/:guild/commands': all,
  'POST /applications/:application/guilds/:guild/commands': create,
  'PUT /applications/:application/guilds/:guild/commands': replace,
  'GET /applications/:application/guilds/:guild/commands/:command': one,
  'PATCH /applications/:application/guilds/:guild/commands/:command': change,
  'DELETE /applications/:application/guilds/:guild/commands/:command': remove,
  'GET /applications/:application/guilds/:guild/commands/permissions': () => ok([]),
  'PUT /applications/:application/guilds/:guild/commands/:command/permissions': ({ core }, request) => {
    violate(core, request.route, 'command-permissions', 'only with the token of a person');
    return refuse(20001);
  },
};
