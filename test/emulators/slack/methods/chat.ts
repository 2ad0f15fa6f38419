/** chat.* */
import { checkMessage, withIds } from '../check-message.ts';
import { asText, refuse } from '../json.ts';
import { LIMITS } from '../limits.ts';
import { messageJson } from '../message-json.ts';
import {
  addMessage,
  directChannel,
  listOf,
  messageAt,
  repliesOf,
  showEphemeral,
  type World,
} from '../world.ts';
import { channelOf, type Method, openChannel } from './method.ts';

/** A user's id names the direct conversation. */
function target(world: World, id: string) {
  const user = world.users.get(id);
  return user !== undefined && !user.isBot && user.team === world.team ? directChannel(world, id).id : id;
}

const postMessage: Method = (args, { world }) => {
  const found = openChannel(world, target(world, channelOf(args)));
  if ('refusal' in found) return found.refusal;
  const checked = checkMessage(world, args, LIMITS.messageText);
  if ('refusal' in checked) return checked.refusal;
  const thread = asText(args['thread_ts']);
  const { text, metadata } = checked;
  const message = addMessage(world, {
    channel: found.channel.id,
    user: world.botUser,
    bot_id: world.botId,
    team: world.team,
    text,
    blocks: withIds(world, checked.blocks),
    ...(thread === '' ? {} : { thread_ts: thread }),
    ...(metadata === undefined ? {} : { metadata }),
  });
  return { ok: true, channel: message.channel, ts: message.ts, message: messageJson(world, message, true) };
};

const update: Method = (args, { world }) => {
  const found = openChannel(world, channelOf(args));
  if ('refusal' in found)
    return found.refusal['error'] === 'is_archived' ? refuse('is_inactive') : found.refusal;
  const message = messageAt(world, found.channel.id, asText(args['ts']));
  if (message === undefined) return refuse('message_not_found');
  if (message.user !== world.botUser || message.subtype === 'tombstone') return refuse('cant_update_message');
  const checked = checkMessage(world, args, LIMITS.updateText);
  if ('refusal' in checked) return checked.refusal;
  message.text = checked.text;
  message.blocks = withIds(world, checked.blocks);
  // Metadata that is not given stays.
  if (checked.metadata !== undefined) message.metadata = checked.metadata;
  message.edited = { user: world.botUser, ts: world.ts() };
  const { channel, ts, text } = message;
  return { ok: true, channel, ts, text, message: messageJson(world, message, true) };
};

const postEphemeral: Method = (args, { world }) => {
  const found = openChannel(world, channelOf(args));
  if ('refusal' in found) return found.refusal;
  const user = asText(args['user']);
  if (!found.channel.members.has(user)) return refuse('user_not_in_channel');
  const checked = checkMessage(world, args, LIMITS.messageText);
  if ('refusal' in checked) return checked.refusal;
  const { text } = checked;
  const thread = asText(args['thread_ts']);
  const ts = world.ts();
  showEphemeral(world, user, {
    ts,
    channel: found.channel.id,
    ...(thread === '' ? {} : { thread_ts: thread }),
    text,
    blocks: withIds(world, checked.blocks),
    by: 'api',
  });
  return { ok: true, message_ts: ts };
};

const remove: Method = (args, { world }) => {
  const found = openChannel(world, channelOf(args));
  if ('refusal' in found) return found.refusal;
  const message = messageAt(world, found.channel.id, asText(args['ts']));
  if (message === undefined) return refuse('message_not_found');
  if (message.user !== world.botUser) return refuse('cant_delete_message');
  deleteMessage(world, found.channel.id, message.ts);
  return { ok: true, channel: found.channel.id, ts: message.ts };
};

/** Takes a message away; one with replies leaves a tombstone. */
export function deleteMessage(world: World, channel: string, ts: string): void {
  const list = listOf(world.messages, channel);
  const message = messageAt(world, channel, ts);
  if (message === undefined) return;
  if (repliesOf(world, channel, ts).length === 0) {
    list.splice(list.indexOf(message), 1);
    return;
  }
  delete message.metadata;
  delete message.bot_id;
  Object.assign(message, {
    subtype: 'tombstone',
    user: 'USLACKBOT',
    text: 'This message was deleted.',
    blocks: [],
  });
}

export const chatMethods: Readonly<Record<string, Method>> = {
  'chat.postMessage': postMessage,
  'chat.update': update,
  'chat.postEphemeral': postEphemeral,
  'chat.delete': remove,
};
