import { refuse } from '../errors.ts';
import { activeThreads } from '../threads.ts';
import { channelView, guildView, memberView, roleView, threadView, userView } from '../views.ts';
import { type Desk, type HandlerTable, ok, param } from './desk.ts';
import { z } from 'zod';
import { bodyOf } from '../request.ts';

function application({ core: { world } }: Desk) {
  return {
    id: world.applicationId,
    name: world.bot.name,
    icon: null,
    description: '',
    bot_public: false,
    bot_require_code_grant: false,
    verify_key: '00'.repeat(32),
    flags: 0,
    team: null,
    owner: { ...userView(world.bot), bot: false },
    bot: userView(world.bot),
    approximate_guild_count: 1,
    interactions_endpoint_url: null,
    tags: [],
  };
}

function guild(desk: Desk, id: string) {
  if (id !== desk.core.world.guild.id) refuse(10004);
  return desk.core.world;
}

/** Who the bot is and what it sees of the guild. */
export const identityRoutes: HandlerTable = {
  'GET /gateway': ({ core }) => ok({ url: core.origin.replace('http', 'ws') }),
  'GET /gateway/bot': (desk) => ok(desk.gatewayInformation()),
  'GET /users/@me': ({ core }) =>
    ok({ ...userView(core.world.bot), verified: true, mfa_enabled: true, email: null }),
  'GET /users/@me/guilds': ({ core }) =>
    ok([
      {
        id: core.world.guild.id,
        name: core.world.guild.name,
        icon: null,
        owner: false,
        permissions: '0',
        features: [],
      },
    ]),
  'GET /users/:user': ({ core }, request) =>
    ok(userView(core.world.people.get(param(request, 'user')) ?? refuse(10013))),
  'GET /applications/@me': (desk) => ok(application(desk)),
  'GET /oauth2/applications/@me': (desk) => ok(application(desk)),
  'POST /users/@me/channels': ({ core }, request) => {
    const { recipient_id: recipient } = bodyOf(core, request, z.looseObject({ recipient_id: z.string() }));
    const person = core.world.people.get(recipient) ?? refuse(10013);
    return ok(channelView(core.world.directRoom(person), core.world));
  },
  'GET /guilds/:guild': (desk, request) => ok(guildView(guild(desk, param(request, 'guild')))),
  'GET /guilds/:guild/roles': (desk, request) => {
    const world = guild(desk, param(request, 'guild'));
    return ok([...world.roles.values()].map((role) => roleView(role, world)));
  },
  'GET /guilds/:guild/channels': (desk, request) => {
    const world = guild(desk, param(request, 'guild'));
    const rooms = [...world.rooms.values()].filter(
      ({ thread, recipientId }) => thread === null && recipientId === null,
    );
    return ok(rooms.map((room) => channelView(room, world)));
  },
  'GET /guilds/:guild/members/@me': (desk, request) =>
    ok(memberView(guild(desk, param(request, 'guild')).bot)),
  'GET /guilds/:guild/members/:user': (desk, request) => {
    const person = guild(desk, param(request, 'guild')).people.get(param(request, 'user'));
    return ok(memberView(person?.member === true ? person : refuse(10007)));
  },
  'GET /guilds/:guild/threads/active': (desk, request) => {
    const world = guild(desk, param(request, 'guild'));
    const threads = activeThreads(desk.core);
    return ok({ threads: threads.map((room) => threadView(room, world)), members: [], has_more: false });
  },
};
