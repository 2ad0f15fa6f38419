import { z } from 'zod';
import type { Card } from '../../src/conversation/card.ts';
import { AppError } from '../../src/errors.ts';
import { escapeLine } from '../../src/lib/escape-text.ts';
import type { MessageRef, ThreadRef } from '../../src/model/thread.ts';
import type { SlackIdentity } from './connection.ts';
import { slackErrorOf } from './errors.ts';
import { renderMessage } from './render/message.ts';
import type { WebApi } from './web-api.ts';

/** Marks our messages, so that one is found again by the key of its delivery. */
export const METADATA_TYPE = 'airlock_delivery';
/** Messages of one page, and pages at most: a post whose end is not known is looked for soon after. */
const PAGE_MESSAGES = 200;
const MAX_PAGES = 20;

const postedSchema = z.object({
  ts: z.string().min(1),
  channel: z.string().optional(),
  message: z.object({ thread_ts: z.string().optional() }).optional().catch(undefined),
});
const openedSchema = z.object({ channel: z.object({ id: z.string().min(1) }) });
const okSchema = z.object({});
const messageSchema = z.object({
  ts: z.string(),
  user: z.string().optional().catch(undefined),
  bot_id: z.string().optional().catch(undefined),
  metadata: z
    .object({
      event_type: z.string(),
      event_payload: z.object({ key: z.string() }).partial().optional(),
    })
    .optional()
    .catch(undefined),
  files: z
    .array(z.object({ id: z.string(), name: z.string().nullish() }))
    .optional()
    .catch(undefined),
});
const pageSchema = z.object({
  messages: z.array(messageSchema),
  has_more: z.boolean().optional(),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
});
export type FoundMessage = z.output<typeof messageSchema>;

/** Cards as messages. */
export interface Posts {
  post(ref: ThreadRef, card: Card, key: string, options: { maybePosted: boolean }): Promise<MessageRef>;
  update(ref: MessageRef, card: Card): Promise<void>;
}

export interface PostsDeps {
  web: WebApi;
  /** Null before Slack has said who we are. */
  self: () => Pick<SlackIdentity, 'botUserId' | 'botId'> | null;
}

export function createPosts(deps: PostsDeps): Posts {
  const { web } = deps;
  return {
    async post(ref, card, key, { maybePosted }) {
      if (maybePosted) {
        const place = await readable(web, ref);
        const earlier = await findPosted(deps, place, key);
        if (earlier !== null) return { thread: place, messageId: earlier.ts };
      }
      const { text, blocks } = renderMessage(card);
      const metadata = { event_type: METADATA_TYPE, event_payload: { key } };
      const answer = await web.call(
        'chat.postMessage',
        { ...placeOf(ref), text, blocks, metadata, unfurl_links: false, unfurl_media: false },
        postedSchema,
      );
      if (ref.thread !== null && answer.message !== undefined && answer.message.thread_ts === undefined) {
        await takeBack(web, ref.room, answer.ts);
        throw threadGone(ref);
      }
      // A post to a person lands in the conversation with them, and only under its name can it be edited.
      return { thread: { ...ref, room: answer.channel ?? ref.room }, messageId: answer.ts };
    },
    async update(ref, card) {
      const { text, blocks } = renderMessage(card);
      await web.call('chat.update', { channel: ref.thread.room, ts: ref.messageId, text, blocks }, okSchema);
    },
  };
}

/**
 * An earlier post. A reply to a message that is deleted lands in the room itself, unmarked but for the thread that its answer lacks:
 * such a one is taken back. Throws CHANNEL_PERMANENT then.
 */
async function findPosted(deps: PostsDeps, place: ThreadRef, key: string): Promise<FoundMessage | null> {
  const isWanted = (message: FoundMessage) => isPostedAs(message, key);
  try {
    return await findMessage(deps, place, isWanted);
  } catch (error) {
    if (place.thread === null || slackErrorOf(error) !== 'thread_not_found') throw error;
    const astray = await findMessage(deps, { ...place, thread: null }, isWanted);
    if (astray !== null) await takeBack(deps.web, place.room, astray.ts);
    throw threadGone(place);
  }
}

/** Somebody may have been quicker. */
async function takeBack(web: WebApi, channel: string, ts: string): Promise<void> {
  try {
    await web.call('chat.delete', { channel, ts }, okSchema);
  } catch (error) {
    if (slackErrorOf(error) !== 'message_not_found') throw error;
  }
}

function threadGone({ room }: ThreadRef): AppError {
  return new AppError('CHANNEL_PERMANENT', `the thread in ${escapeLine(room)} is gone`, {
    hint: 'its first message was deleted',
    context: { room, slackError: 'thread_not_found' },
  });
}

function isPostedAs({ metadata }: FoundMessage, key: string): boolean {
  return metadata?.event_type === METADATA_TYPE && metadata.event_payload?.key === key;
}

/** Where a post to that place is found: a person is written to by their id, and read in the conversation with them. */
export async function readable(web: WebApi, ref: ThreadRef): Promise<ThreadRef> {
  if (!/^[UW]/.test(ref.room)) return ref;
  const { channel } = await web.call('conversations.open', { users: ref.room }, openedSchema);
  return { ...ref, room: channel.id };
}

/** Throws CHANNEL_PERMANENT when the thread is gone: what is put there would land in the room itself. */
export async function requireThread(web: WebApi, ref: ThreadRef): Promise<void> {
  if (ref.thread === null) return;
  try {
    await web.call('conversations.replies', { channel: ref.room, ts: ref.thread, limit: 1 }, pageSchema);
  } catch (error) {
    throw slackErrorOf(error) === 'thread_not_found' ? threadGone(ref) : error;
  }
}

/** The arguments that name a place. */
export function placeOf(ref: ThreadRef): { channel: string; thread_ts?: string } {
  return ref.thread === null ? { channel: ref.room } : { channel: ref.room, thread_ts: ref.thread };
}

/**
 * A message of ours in the room (the newest first) or in the thread; null when there is none. What others put there is never taken for
 * ours, whatever it is called.
 */
export async function findMessage(
  { web, self }: PostsDeps,
  ref: ThreadRef,
  isWanted: (message: FoundMessage) => boolean,
): Promise<FoundMessage | null> {
  const method = ref.thread === null ? 'conversations.history' : 'conversations.replies';
  const place = ref.thread === null ? { channel: ref.room } : { channel: ref.room, ts: ref.thread };
  const us = self();
  const isOurs = ({ user, bot_id: bot }: FoundMessage) => user === us?.botUserId || bot === us?.botId;
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await web.call(
      method,
      {
        ...place,
        limit: PAGE_MESSAGES,
        include_all_metadata: true,
        ...(cursor === undefined ? {} : { cursor }),
      },
      pageSchema,
    );
    const found = answer.messages.find((message) => us !== null && isOurs(message) && isWanted(message));
    if (found !== undefined) return found;
    cursor = answer.response_metadata?.next_cursor;
    if (answer.has_more !== true || cursor === undefined || cursor === '') return null;
  }
  return null;
}
