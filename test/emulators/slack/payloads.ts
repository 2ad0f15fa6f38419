/** What the platform sends to the app, field by field. */
import { viewJson } from './check-view.ts';
import { messageJson } from './message-json.ts';
import type { Json, SlackEphemeral, SlackMessage, SlackUser, SlackView } from './types.ts';
import { messageAt, type World } from './world.ts';

/** The verification token of old; apps must not rely on it. */
const TOKEN = 'emulated-verification-token';

const domain = (world: World, team: string) =>
  team === world.team ? 'emulated' : `other-${team.toLowerCase()}`;

const channelName = (world: World, channel: string) => world.channels.get(channel)?.name ?? channel;

export function slashPayload(
  world: World,
  user: SlackUser,
  input: { channel: string; command: string; text: string; triggerId: string; responseUrl: string },
): Json {
  return {
    token: TOKEN,
    // Where the person is: the workspace of their own, in a shared channel too.
    team_id: user.team,
    team_domain: domain(world, user.team),
    channel_id: input.channel,
    channel_name: channelName(world, input.channel),
    user_id: user.id,
    user_name: user.name,
    command: input.command,
    text: input.text,
    api_app_id: world.appId,
    is_enterprise_install: 'false',
    response_url: input.responseUrl,
    trigger_id: input.triggerId,
  };
}

/** The part that all interactions share. `team` is where the app is installed; the person's own is `user.team_id`. */
function interaction(world: World, user: SlackUser, triggerId: string): Json {
  return {
    user: { id: user.id, username: user.name, name: user.name, team_id: user.team },
    api_app_id: world.appId,
    token: TOKEN,
    trigger_id: triggerId,
    team: { id: world.team, domain: domain(world, world.team) },
    enterprise: null,
    is_enterprise_install: false,
  };
}

function actionJson(world: World, block: Json, element: Json): Json {
  const { type, action_id, text, value, style, confirm } = element;
  return {
    type,
    action_id,
    block_id: block['block_id'],
    text,
    ...(value === undefined ? {} : { value }),
    ...(style === undefined ? {} : { style }),
    ...(confirm === undefined ? {} : { confirm }),
    action_ts: world.ts(),
  };
}

export interface Pressed {
  user: SlackUser;
  block: Json;
  element: Json;
  triggerId: string;
}

/** A button of a message, which is shown with it; an ephemeral one is only named. */
export function messageActionPayload(
  world: World,
  pressed: Pressed,
  message: SlackMessage,
  responseUrl: string,
): Json {
  const shown = { message: messageJson(world, message, true) };
  return inMessage(world, pressed, { ...message, shown, responseUrl });
}

export function ephemeralActionPayload(
  world: World,
  pressed: Pressed,
  ephemeral: SlackEphemeral,
  responseUrl: string,
): Json {
  return inMessage(world, pressed, { ...ephemeral, shown: null, responseUrl });
}

interface ShownMessage extends Pick<SlackMessage, 'channel' | 'ts' | 'thread_ts'> {
  /** Null for an ephemeral one. */
  shown: { message: Json } | null;
  responseUrl: string;
}

function inMessage(world: World, pressed: Pressed, { channel, ts, thread_ts, ...where }: ShownMessage): Json {
  return {
    type: 'block_actions',
    ...interaction(world, pressed.user, pressed.triggerId),
    container: {
      type: 'message',
      message_ts: ts,
      channel_id: channel,
      is_ephemeral: where.shown === null,
      ...(thread_ts === undefined ? {} : { thread_ts }),
    },
    channel: { id: channel, name: channelName(world, channel) },
    ...where.shown,
    state: { values: {} },
    response_url: where.responseUrl,
    actions: [actionJson(world, pressed.block, pressed.element)],
  };
}

export function viewActionPayload(world: World, pressed: Pressed, view: SlackView, values: Json): Json {
  return {
    type: 'block_actions',
    ...interaction(world, pressed.user, pressed.triggerId),
    container: { type: 'view', view_id: view.id },
    view: viewJson(world, view, values),
    actions: [actionJson(world, pressed.block, pressed.element)],
  };
}

export function submissionPayload(
  world: World,
  user: SlackUser,
  view: SlackView,
  values: Json,
  triggerId: string,
): Json {
  return {
    type: 'view_submission',
    ...interaction(world, user, triggerId),
    view: viewJson(world, view, values),
    response_urls: [],
  };
}

function eventPayload(world: World, event: Json, shared: boolean): Json {
  return {
    token: TOKEN,
    team_id: world.team,
    context_team_id: world.team,
    context_enterprise_id: null,
    api_app_id: world.appId,
    event,
    type: 'event_callback',
    event_id: world.id('Ev'),
    event_time: Math.floor(world.clock.now() / 1000),
    authorizations: [
      {
        enterprise_id: null,
        team_id: world.team,
        user_id: world.botUser,
        is_bot: true,
        is_enterprise_install: false,
      },
    ],
    is_ext_shared_channel: shared,
    event_context: world.id('4-ec'),
  };
}

export function mentionPayload(world: World, user: SlackUser, message: SlackMessage): Json {
  const { ts, thread_ts, text, channel } = message;
  const shared = world.channels.get(channel)?.shared === true;
  const foreign = user.team !== world.team;
  return eventPayload(
    world,
    {
      type: 'app_mention',
      user: user.id,
      ts,
      client_msg_id: world.id('cm').toLowerCase(),
      text,
      team: user.team,
      blocks: message.blocks,
      ...(user.isBot ? { bot_id: message.bot_id ?? 'B0FOREIGN' } : {}),
      // Of a member of another workspace the platform says so.
      ...(foreign
        ? {
            user_team: user.team,
            source_team: user.team,
            user_profile: {
              name: user.name,
              first_name: user.name,
              real_name: user.name,
              display_name: user.name,
              team: user.team,
            },
          }
        : {}),
      ...(thread_ts === undefined
        ? {}
        : { thread_ts, parent_user_id: messageAt(world, channel, thread_ts)?.user }),
      channel,
      event_ts: ts,
    },
    shared,
  );
}

export function homeOpenedPayload(
  world: World,
  user: SlackUser,
  channel: string,
  view: SlackView | null,
): Json {
  return eventPayload(
    world,
    {
      type: 'app_home_opened',
      user: user.id,
      channel,
      tab: 'home',
      ...(view === null ? {} : { view: viewJson(world, view, {}) }),
      event_ts: world.ts(),
    },
    false,
  );
}
