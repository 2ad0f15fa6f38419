import type { Patience } from '../../../src/conversation/channel.ts';
import { noticeCard } from '../../shared/notices.ts';
import { type BlockActions, blockActionsSchema } from '../payloads.ts';
import { decodeButton } from '../render/buttons.ts';
import { decodePage } from '../render/text-modal.ts';
import type { Ack, Doorway } from './doorway.ts';

/** A button: of a card, or Back and Next of a text in a window. */
export async function onPress(doorway: Doorway, body: unknown, ack: Ack): Promise<void> {
  const { inbox, log, modals } = doorway;
  const payload = doorway.read('block action', blockActionsSchema, body);
  if (payload === null) return ack();
  const [action] = payload.actions;
  const { view, trigger_id: triggerId } = payload;
  const page = decodePage(action);
  if (view !== null && view !== undefined && page !== null) {
    await ack();
    void modals.turn(view.id, view.private_metadata, page);
    return;
  }
  const { id: user, team_id: team, name, username } = payload.user;
  const who = doorway.userOf(user, [team], name ?? username);
  const place = placeOf(payload);
  const button = decodeButton(action);
  const reply = doorway.replyTo(who, {
    room: place.room,
    shownIn: place.shownIn,
    pressed:
      button === null ? null : { ...place, button: button.id, subject: button.subject, hash: button.hash },
    responseUrl: payload.response_url,
    triggerId,
  });
  const send = async (limits: Patience) => {
    if (button === null) {
      log.warn({ actionId: action?.action_id }, 'a press of a button that is not ours');
      await reply.private(UNKNOWN_BUTTON);
      return null;
    }
    const { id, subject, hash } = button;
    const thread = await doorway.threadOf(who, place.room, place.thread);
    const origin = await doorway.originOf(who, thread, triggerId);
    return inbox.button({ ...origin, button: id, subject, hash }, reply, limits);
  };
  await doorway.take(who, { ack, reply, send });
}

interface PressPlace {
  /** The channel; the person where there is none, as in App Home. */
  room: string;
  /** Of the request. The first message of a thread counts as in it: it is the card of what the thread is about. */
  thread: string | null;
  /** Where the person looks, as far as it is known: a message of the channel is seen in the channel. */
  shownIn: string | null;
}

function placeOf({ user, channel, container, message }: BlockActions): PressPlace {
  const room = channel?.id ?? container?.channel_id ?? null;
  if (room === null) return { room: user.id, thread: null, shownIn: null };
  const ts = container?.message_ts ?? message?.ts ?? null;
  const threadTs = container?.thread_ts ?? message?.thread_ts ?? null;
  // Nobody else sees an ephemeral message, so no thread begins with it.
  const begins = container?.is_ephemeral === true ? null : ts;
  return { room, thread: threadTs ?? begins, shownIn: threadTs === ts ? null : threadTs };
}

const UNKNOWN_BUTTON = noticeCard('This button is not known any more', [
  'The message is of another version of Airlock. Ask for the present state with the slash command.',
]);
