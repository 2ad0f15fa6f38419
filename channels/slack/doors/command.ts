import type { Patience } from '../../../src/conversation/channel.ts';
import { noticeCard } from '../../shared/notices.ts';
import { slashCommandSchema } from '../payloads.ts';
import { decodeText } from '../text/decode.ts';
import type { Ack, Doorway } from './doorway.ts';
import { warnOfLookalikes } from '../../shared/lookalikes.ts';

/** The slash command. Refused where what it starts could not be shown, before anything is done. */
export async function onCommand(doorway: Doorway, body: unknown, ack: Ack): Promise<void> {
  const { inbox, log, rooms } = doorway;
  const payload = doorway.read('slash command', slashCommandSchema, body);
  if (payload === null) return ack();
  const { channel_id: room, trigger_id: triggerId } = payload;
  const roomName = payload.channel_name ?? null;
  const who = doorway.userOf(payload.user_id, [payload.team_id], payload.user_name);
  const reply = doorway.replyTo(who, {
    room,
    shownIn: null,
    pressed: null,
    responseUrl: payload.response_url,
    triggerId,
  });
  const text = decodeText(payload.text);
  const send = async (limits: Patience) => {
    if (!(await rooms.mayPost({ room, roomName, user: who.user }))) {
      await reply.private(NOT_IN_ROOM);
      return null;
    }
    const thread = await doorway.threadOf(who, room, null);
    const origin = await doorway.originOf(who, thread, triggerId);
    const accepted = await inbox.command({ ...origin, text, via: 'command' }, reply, limits);
    void warnOfLookalikes(text, { accepted, reply, log });
    return accepted;
  };
  await doorway.take(who, { ack, reply, send });
}

const NOT_IN_ROOM = noticeCard('I am not in this conversation, so nothing was done', [
  'What a command starts is shown where it was typed. Invite me to the channel (type /invite and choose me), or use a channel that I am in.',
]);
