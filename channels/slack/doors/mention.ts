import type { Patience } from '../../../src/conversation/channel.ts';
import { noticeCard } from '../../shared/notices.ts';
import { type Mention, mentionSchema } from '../payloads.ts';
import { decodeText, stripMention, unwrapCode } from '../text/decode.ts';
import type { Doorway } from './doorway.ts';
import { warnOfLookalikes } from '../../shared/lookalikes.ts';

/**
 * A message that mentions the bot. Slack sends one again when nobody acknowledged it, and that may be the only time it arrives: it is
 * passed on, and the inbox knows its id.
 */
export async function onMention(doorway: Doorway, body: unknown): Promise<void> {
  const { inbox, log } = doorway;
  const payload = doorway.read('mention', mentionSchema, body);
  if (payload === null || !isNewOfPerson(payload, doorway)) return;
  const { event, event_id: deliveryId } = payload;
  const { channel: room } = event;
  const threadTs = event.thread_ts ?? null;
  const who = doorway.userOf(event.user ?? '', teamsOf(payload), event.user_profile?.display_name);
  const reply = doorway.replyTo(who, { room, shownIn: threadTs, pressed: null });
  const said = stripMention(event.text, doorway.self().botUserId);
  const send = async (limits: Patience) => {
    if (said === null) {
      await reply.private(NOT_FIRST);
      return null;
    }
    const text = decodeText(unwrapCode(said));
    const thread = await doorway.threadOf(who, room, threadTs);
    const origin = await doorway.originOf(who, thread, deliveryId);
    const accepted = await inbox.command({ ...origin, text, via: 'mention' }, reply, limits);
    void warnOfLookalikes(text, { accepted, reply, log });
    return accepted;
  };
  // An event is acknowledged when its listener is done (LateAckApp).
  await doorway.take(who, { ack: async () => {}, reply, send });
}

/** An edited message does not run again, and bots, ourselves among them, are never obeyed. */
function isNewOfPerson({ event }: Mention, doorway: Doorway): boolean {
  if (event.edited !== undefined && event.edited !== null) return false;
  if (typeof event.bot_id === 'string' || event.subtype === 'bot_message') return false;
  return typeof event.user === 'string' && event.user !== doorway.self().botUserId;
}

function teamsOf({ event, ...envelope }: Mention): (string | null | undefined)[] {
  const named = [event.user_team, event.source_team, event.team, event.user_profile?.team];
  if (named.some((team) => typeof team === 'string')) return named;
  // Shared with others, the workspace of the envelope says nothing about the one who wrote.
  return envelope.is_ext_shared_channel === true ? [] : [envelope.team_id];
}

const NOT_FIRST = noticeCard('Begin the message with the mention to have me do something', [
  'What stands before a mention is taken for talk.',
]);
