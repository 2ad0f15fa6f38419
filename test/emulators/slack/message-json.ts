/** A message as the platform's answers and payloads carry it. */
import type { Json, SlackMessage } from './types.ts';
import { repliesOf, type World } from './world.ts';

export function messageJson(world: World, message: SlackMessage, withMetadata: boolean): Json {
  const { channel, metadata, ...shown } = message;
  const replies = repliesOf(world, channel, message.ts);
  const users = [...new Set(replies.map(({ user }) => user))];
  return {
    ...shown,
    ...(message.bot_id === undefined ? {} : { app_id: world.appId }),
    ...(withMetadata && metadata !== undefined ? { metadata } : {}),
    ...(message.thread_ts === undefined || message.thread_ts === message.ts
      ? {}
      : { parent_user_id: world.messages.get(channel)?.find(({ ts }) => ts === message.thread_ts)?.user }),
    ...(replies.length === 0
      ? {}
      : {
          reply_count: replies.length,
          reply_users: users,
          reply_users_count: users.length,
          latest_reply: replies.at(-1)?.ts,
        }),
  };
}
