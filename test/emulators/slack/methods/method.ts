/** What the methods of the Web API share. */
import { asText, refuse } from '../json.ts';
import type { Triggers } from '../triggers.ts';
import type { Json, SlackChannelInfo } from '../types.ts';
import type { World } from '../world.ts';

export interface MethodContext {
  world: World;
  triggers: Triggers;
  /** A WebSocket URL that lets one connection in. */
  socketUrl: () => string;
  /** An address of this server. */
  url: (path: string) => string;
}

export type Method = (args: Json, context: MethodContext) => Json;

/** A channel that the bot may act in, or the platform's refusal. */
export function openChannel(world: World, id: string): { channel: SlackChannelInfo } | { refusal: Json } {
  const channel = world.channels.get(id);
  const inside = channel?.members.has(world.botUser) ?? false;
  if (channel === undefined || (channel.private && !inside)) return { refusal: refuse('channel_not_found') };
  if (channel.archived) return { refusal: refuse('is_archived') };
  if (!inside) return { refusal: refuse('not_in_channel') };
  return { channel };
}

/** A channel that the bot may read. */
export function readChannel(world: World, id: string): { channel: SlackChannelInfo } | { refusal: Json } {
  const found = openChannel(world, id);
  const channel = world.channels.get(id);
  // What is archived can still be read.
  if ('refusal' in found && found.refusal['error'] === 'is_archived' && channel !== undefined)
    return { channel };
  return found;
}

export const channelOf = (args: Json) => asText(args['channel']);

/** Part of a list, by a cursor that counts. */
export function page<T>(all: readonly T[], args: Json, defaultLimit: number): { items: T[]; next: string } {
  const limit = Math.min(1000, Math.max(1, Number(args['limit'] ?? defaultLimit) || defaultLimit));
  const from = Number(Buffer.from(asText(args['cursor']), 'base64').toString().replace('from:', '')) || 0;
  const items = all.slice(from, from + limit);
  const more = from + limit < all.length;
  return { items, next: more ? Buffer.from(`from:${from + limit}`).toString('base64') : '' };
}
