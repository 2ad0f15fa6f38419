import { Routes } from 'discord.js';
import { z } from 'zod';
import type { Card } from '../../src/conversation/card.ts';
import { sha256Hex } from '../../src/lib/canonical-json.ts';
import type { MessageRef, ThreadRef } from '../../src/model/thread.ts';
import { discordCodeOf } from './errors.ts';
import { renderMessage } from './render/message.ts';
import type { RestApi } from './rest-api.ts';

/** Discord's most; a post whose end is not known is looked for soon after. */
const LOOK_BACK = 100;
const NONCE_CHARACTERS = 25;
const THREAD_IS_ARCHIVED = 50083;
/** Nothing we say rings anybody, whatever it looks like. */
export const NO_MENTIONS = { parse: [] } as const;

const postedSchema = z.object({ id: z.string().min(1) });
const anyAnswer = z.unknown();
const messageSchema = z.object({
  id: z.string(),
  author: z.object({ id: z.string() }),
  embeds: z.array(z.object({ url: z.string().nullish() })).catch([]),
  attachments: z.array(z.object({ filename: z.string() })).catch([]),
});
export type FoundMessage = z.output<typeof messageSchema>;

/** Cards as messages. */
export interface Posts {
  post(ref: ThreadRef, card: Card, key: string, options: { maybePosted: boolean }): Promise<MessageRef>;
  update(ref: MessageRef, card: Card): Promise<void>;
}

export interface PostsDeps {
  rest: RestApi;
  /** Our own user; null before Discord has said it. */
  botUserId: () => string | null;
}

export function createPosts({ rest, botUserId }: PostsDeps): Posts {
  return {
    async post(ref, card, key, { maybePosted }) {
      const nonce = nonceOf(key);
      if (maybePosted) {
        const url = markOf(nonce);
        const earlier = await findMessage({ rest, botUserId }, ref, ({ embeds }) =>
          embeds.some((embed) => embed.url === url),
        );
        if (earlier !== null) return { thread: ref, messageId: earlier.id };
      }
      const { content, embeds, components } = renderMessage(card);
      const marked = embeds.map((embed, at) => (at === 0 ? { ...embed, url: markOf(nonce) } : embed));
      const body = { content, embeds: marked, components, ...onceOnly(nonce) };
      const route = Routes.channelMessages(placeOf(ref));
      const { id } = await whereOpen(rest, ref, () =>
        rest.call({ method: 'POST', route, body }, postedSchema),
      );
      return { thread: ref, messageId: id };
    },
    async update({ thread, messageId }, card) {
      const { content, embeds, components } = renderMessage(card);
      const body = { content, embeds, components, allowed_mentions: NO_MENTIONS };
      const route = Routes.channelMessage(placeOf(thread), messageId);
      await whereOpen(rest, thread, () => rest.call({ method: 'PATCH', route, body }, anyAnswer));
    },
  };
}

/** Names a delivery to Discord, which answers a second post of the same within minutes with the first message. */
export function nonceOf(key: string): string {
  return sha256Hex(key).slice(0, NONCE_CHARACTERS);
}

/** For the body of a post. */
export function onceOnly(nonce: string) {
  return { nonce, enforce_nonce: true, allowed_mentions: NO_MENTIONS };
}

/** Discord forgets nonces, and shows the address of an embed without title to nobody: there a message keeps the name of its delivery. */
function markOf(nonce: string): string {
  return `https://airlock.invalid/${nonce}`;
}

/** The channel that messages of that place stand in: a thread is one of its own. */
export function placeOf(ref: ThreadRef): string {
  return ref.thread ?? ref.room;
}

/** Does what an archived thread refuses, and opens it for that. */
export async function whereOpen<T>(rest: RestApi, ref: ThreadRef, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (discordCodeOf(error) !== THREAD_IS_ARCHIVED) throw error;
  }
  const body = { archived: false };
  await rest.call({ method: 'PATCH', route: Routes.channel(placeOf(ref)), body }, anyAnswer);
  return await work();
}

/** One of our own last messages there; null when it is not among them. */
export async function findMessage(
  { rest, botUserId }: PostsDeps,
  ref: ThreadRef,
  isWanted: (message: FoundMessage) => boolean,
): Promise<FoundMessage | null> {
  const query = new URLSearchParams({ limit: String(LOOK_BACK) });
  const route = Routes.channelMessages(placeOf(ref));
  const messages = await rest.call({ method: 'GET', route, query }, z.array(messageSchema));
  const self = botUserId();
  return (
    messages.find((message) => (self === null || message.author.id === self) && isWanted(message)) ?? null
  );
}
