import { PermissionFlagsBits, PermissionsBitField } from 'discord.js';

/** What the bot needs in a channel, and for what. Nothing else is asked for in the invitation. */
export const DISCORD_PERMISSIONS = {
  ViewChannel: 'to see the channel',
  SendMessages: 'to post cards',
  EmbedLinks: 'to show the facts of a card',
  AttachFiles: 'to attach long output and long commands',
  ReadMessageHistory: 'to find a post again whose answer was lost',
  CreatePublicThreads: 'to give each agent a thread',
  SendMessagesInThreads: 'to post into it',
  ManageThreads: 'to name it after the state, and to open it again when it was archived',
} as const satisfies Partial<Record<keyof typeof PermissionFlagsBits, string>>;
export type NeededPermission = keyof typeof DISCORD_PERMISSIONS;

/** The page on which somebody who manages a server adds the bot with these permissions. */
export function inviteLink({
  applicationId,
  guildId,
}: {
  applicationId: string;
  guildId: string | null;
}): string {
  const query = new URLSearchParams({
    client_id: applicationId,
    scope: 'bot applications.commands',
    permissions: new PermissionsBitField(names()).bitfield.toString(),
    ...(guildId === null ? {} : { guild_id: guildId }),
  });
  return `https://discord.com/oauth2/authorize?${query.toString()}`;
}

/** What decides on permissions in a channel, as REST gives it. */
export interface PermissionFacts {
  guildId: string;
  userId: string;
  memberRoles: readonly string[];
  roles: readonly { id: string; permissions: string }[];
  overwrites: readonly { id: string; type: number; allow: string; deny: string }[];
}

/** What of the needed permissions a member lacks in a channel, by Discord's own order: roles, then overwrites from wide to narrow. */
export function missingPermissions(facts: PermissionFacts): NeededPermission[] {
  const { guildId, userId, memberRoles, roles, overwrites } = facts;
  const held = new Set([guildId, ...memberRoles]);
  const all = roles
    .filter(({ id }) => held.has(id))
    .reduce((bits, { permissions }) => bits | BigInt(permissions), 0n);
  if ((all & PermissionFlagsBits.Administrator) !== 0n) return [];
  const everyone = overwrites.filter(({ id }) => id === guildId);
  const ofRoles = overwrites.filter(({ id }) => id !== guildId && held.has(id));
  const own = overwrites.filter(({ id }) => id === userId);
  const bits = [everyone, ofRoles, own].reduce(
    (before, level) =>
      (before & ~level.reduce((sum, { deny }) => sum | BigInt(deny), 0n)) |
      level.reduce((sum, { allow }) => sum | BigInt(allow), 0n),
    all,
  );
  return names().filter((name) => (bits & PermissionFlagsBits[name]) === 0n);
}

function names(): NeededPermission[] {
  return Object.keys(DISCORD_PERMISSIONS).filter((name) => isNeeded(name));
}

function isNeeded(name: string): name is NeededPermission {
  return Object.hasOwn(DISCORD_PERMISSIONS, name);
}
