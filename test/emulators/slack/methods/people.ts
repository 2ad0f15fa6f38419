/** auth.test, apps.connections.open, users.*, bots.*, usergroups.* */
import { asText, refuse } from '../json.ts';
import type { Json, SlackUser } from '../types.ts';
import type { Method } from './method.ts';

const userJson = (user: SlackUser): Json => ({
  id: user.id,
  team_id: user.team,
  name: user.name,
  real_name: user.name,
  deleted: false,
  is_bot: user.isBot,
  is_app_user: false,
  profile: { real_name: user.name, display_name: user.name, team: user.team },
});

const authTest: Method = (_, { world }) => ({
  ok: true,
  url: 'https://emulated.slack.com/',
  team: 'Emulated',
  user: 'airlock',
  team_id: world.team,
  user_id: world.botUser,
  bot_id: world.botId,
  is_enterprise_install: false,
});

const connectionsOpen: Method = (_, { socketUrl }) => ({ ok: true, url: socketUrl() });

const usersInfo: Method = (args, { world }) => {
  const user = world.users.get(asText(args['user']));
  return user === undefined ? refuse('user_not_found') : { ok: true, user: userJson(user) };
};

const botsInfo: Method = (args, { world }) =>
  asText(args['bot']) === world.botId
    ? {
        ok: true,
        bot: {
          id: world.botId,
          deleted: false,
          name: 'airlock',
          app_id: world.appId,
          user_id: world.botUser,
        },
      }
    : refuse('bot_not_found');

const groupsList: Method = (_, { world }) => ({
  ok: true,
  usergroups: [...world.groups].map(([id, users]) => ({
    id,
    team_id: world.team,
    is_usergroup: true,
    name: id.toLowerCase(),
    handle: id.toLowerCase(),
    date_delete: 0,
    user_count: users.length,
  })),
});

const groupUsers: Method = (args, { world }) => {
  const users = world.groups.get(asText(args['usergroup']));
  return users === undefined ? refuse('no_such_subteam') : { ok: true, users };
};

export const peopleMethods: Readonly<Record<string, Method>> = {
  'auth.test': authTest,
  'apps.connections.open': connectionsOpen,
  'users.info': usersInfo,
  'bots.info': botsInfo,
  'usergroups.list': groupsList,
  'usergroups.users.list': groupUsers,
};
