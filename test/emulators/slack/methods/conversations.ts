/** conversations.* */
import { asFlag, asText, refuse } from '../json.ts';
import { messageJson } from '../message-json.ts';
import type { Json, SlackChannelInfo, SlackMessage } from '../types.ts';
import { directChannel, isReply, messageAt, repliesOf, type World } from '../world.ts';
import { channelOf, type Method, page, readChannel } from './method.ts';

function within(messages: readonly SlackMessage[], args: Json): SlackMessage[] {
  const oldest = asText(args['oldest']) || '0';
  const latest = asText(args['latest']) || '9999999999.999999';
  const inclusive = asFlag(args['inclusive']);
  const after = (one: string, other: string) =>
    Number(one) > Number(other) || (inclusive && Number(one) === Number(other));
  return messages.filter(({ ts }) => after(ts, oldest) && after(latest, ts));
}

function answer(world: World, messages: readonly SlackMessage[], args: Json, limit: number): Json {
  const { items, next } = page(messages, args, limit);
  const all = asFlag(args['include_all_metadata']);
  return {
    ok: true,
    messages: items.map((message) => messageJson(world, message, all)),
    has_more: next !== '',
    ...(next === '' ? {} : { response_metadata: { next_cursor: next } }),
  };
}

const history: Method = (args, { world }) => {
  const found = readChannel(world, channelOf(args));
  if ('refusal' in found) return found.refusal;
  const messages = (world.messages.get(found.channel.id) ?? []).filter((message) => !isReply(message));
  return answer(world, within(messages, args).toReversed(), args, 100);
};

const replies: Method = (args, { world }) => {
  const found = readChannel(world, channelOf(args));
  if ('refusal' in found) return found.refusal;
  const parent = messageAt(world, found.channel.id, asText(args['ts']));
  if (parent === undefined) return refuse('thread_not_found');
  const under = isReply(parent) ? [] : repliesOf(world, found.channel.id, parent.ts);
  return answer(world, [parent, ...within(under, args)], args, 1000);
};

function channelJson(world: World, channel: SlackChannelInfo): Json {
  const direct = channel.id.startsWith('D');
  return {
    id: channel.id,
    name: channel.name,
    name_normalized: channel.name,
    is_channel: !channel.private,
    is_group: false,
    is_im: direct,
    is_mpim: false,
    is_private: channel.private,
    is_archived: channel.archived,
    is_general: false,
    is_shared: channel.shared,
    is_ext_shared: channel.shared,
    is_org_shared: false,
    is_member: channel.members.has(world.botUser),
    context_team_id: world.team,
    num_members: channel.members.size,
  };
}

const info: Method = (args, { world }) => {
  const channel = world.channels.get(channelOf(args));
  if (channel === undefined || (channel.private && !channel.members.has(world.botUser)))
    return refuse('channel_not_found');
  return { ok: true, channel: channelJson(world, channel) };
};

const list: Method = (args, { world }) => {
  const seen = [...world.channels.values()].filter(
    (channel) => !channel.id.startsWith('D') && (!channel.private || channel.members.has(world.botUser)),
  );
  const { items, next } = page(seen, args, 100);
  return {
    ok: true,
    channels: items.map((channel) => channelJson(world, channel)),
    response_metadata: { next_cursor: next },
  };
};

const members: Method = (args, { world }) => {
  const found = readChannel(world, channelOf(args));
  if ('refusal' in found) return found.refusal;
  const { items, next } = page([...found.channel.members], args, 100);
  return { ok: true, members: items, response_metadata: { next_cursor: next } };
};

const open: Method = (args, { world }) => {
  const user = world.users.get(asText(args['users']));
  if (user === undefined) return refuse('user_not_found');
  if (user.isBot) return refuse('cannot_dm_bot');
  return { ok: true, channel: { id: directChannel(world, user.id).id } };
};

export const conversationsMethods: Readonly<Record<string, Method>> = {
  'conversations.history': history,
  'conversations.replies': replies,
  'conversations.info': info,
  'conversations.list': list,
  'conversations.members': members,
  'conversations.open': open,
};
