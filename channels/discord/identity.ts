import { type BaseInteraction, MessageFlags, MessageFlagsBitField } from 'discord.js';
import type { PrincipalId } from '../../src/model/principal.ts';
import type { ThreadRef } from '../../src/model/thread.ts';

/** Ids of users are the same in every server. */
export function discordPrincipal(user: string): PrincipalId {
  return `discord:${user}`;
}

/** A place in a server. */
export function discordThread(guild: string, room: string, thread: string | null): ThreadRef {
  return { channel: 'discord', space: guild, room, thread };
}

/** The roles that somebody holds in the server of the request, of those that `airlock.yaml` names: `discord-role:<guild>:<role>`. */
export function heldRoles({ guildId, member }: BaseInteraction, named: readonly string[]): string[] {
  if (guildId === null || member === null) return [];
  const { roles } = member;
  const held = new Set(Array.isArray(roles) ? roles : roles.cache.keys());
  const prefix = `discord-role:${guildId}:`;
  return named.filter((group) => group.startsWith(prefix) && held.has(group.slice(prefix.length)));
}

/** How somebody is called in the server; for people, never for decisions. */
export function displayNameOf({ member, user }: BaseInteraction): string {
  if (member !== null && 'displayName' in member) return member.displayName;
  return member?.nick ?? user.displayName;
}

/**
 * Where a request was made. The thread that begins with a message has the message's id: who presses a button on it, in the room, is
 * in that thread. Null in direct messages, and where Discord does not say what place it is: a thread that the bot may not see. Never throws.
 */
export async function placeOf(
  interaction: BaseInteraction,
  message: { id: string; flags?: unknown } | null,
): Promise<ThreadRef | null> {
  const { channelId, client, guildId } = interaction;
  if (guildId === null || channelId === null) return null;
  // A thread that was archived is not in the library's cache.
  const channel = interaction.channel ?? (await client.channels.fetch(channelId).catch(() => null));
  if (channel === null) return null;
  if (channel.isThread()) {
    return channel.parentId === null ? null : discordThread(guildId, channel.parentId, channelId);
  }
  return discordThread(guildId, channelId, message !== null && beginsThread(message) ? message.id : null);
}

function beginsThread({ flags }: { flags?: unknown }): boolean {
  const bits = flags instanceof MessageFlagsBitField ? flags.bitfield : flags;
  return typeof bits === 'number' && (bits & MessageFlags.HasThread) !== 0;
}
