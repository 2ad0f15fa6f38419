import { INVITED_WITH, permissionBits, type PermissionName } from './permissions.ts';
import type { MessageView, ThreadView, UserView } from './types.ts';
import type { Message, Person, Role, Room, World } from './world.ts';

const MEMBER_PERMISSIONS: readonly PermissionName[] = [
  'ViewChannel',
  'SendMessages',
  'ReadMessageHistory',
  'UseApplicationCommands',
  'SendMessagesInThreads',
];

const iso = (at: number) => new Date(at).toISOString();

export function userView(person: Person): UserView {
  return {
    id: person.id,
    username: person.name,
    global_name: person.name,
    discriminator: '0',
    avatar: null,
    bot: person.bot,
    system: false,
    public_flags: 0,
    avatar_decoration_data: null,
    collectibles: null,
    clan: null,
    primary_guild: null,
  };
}

export function memberView(person: Person) {
  return {
    user: userView(person),
    nick: null,
    avatar: null,
    banner: null,
    roles: [...person.roles],
    joined_at: '2026-01-01T00:00:00.000Z',
    premium_since: null,
    deaf: false,
    mute: false,
    flags: 0,
    pending: false,
    communication_disabled_until: null,
  };
}

/** What Discord computes for a member in a channel and sends along with an interaction. */
export function memberPermissions(person: Person): string {
  return permissionBits(person.administrator ? [...MEMBER_PERMISSIONS, 'Administrator'] : MEMBER_PERMISSIONS);
}

export function roleView(role: Role, world: World) {
  return {
    id: role.id,
    name: role.name,
    description: null,
    color: 0,
    colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
    hoist: false,
    icon: null,
    unicode_emoji: null,
    position: role.position,
    permissions: permissionBits(
      world.bot.roles.includes(role.id) ? INVITED_WITH : role.id === world.guild.id ? MEMBER_PERMISSIONS : [],
    ),
    managed: world.bot.roles.includes(role.id),
    mentionable: false,
    flags: 0,
  };
}

export function threadView(room: Room, world: World): ThreadView {
  const state = room.thread;
  if (state === null) throw new Error(`${room.id} is no thread`);
  return {
    id: room.id,
    type: state.type,
    guild_id: world.guild.id,
    parent_id: state.parentId,
    name: room.name,
    owner_id: world.bot.id,
    last_message_id: room.messages.at(-1)?.id ?? null,
    rate_limit_per_user: 0,
    bitrate: 64_000,
    user_limit: 0,
    rtc_region: null,
    flags: 0,
    total_message_sent: room.messages.length,
    message_count: room.messages.length,
    member_count: state.members.size,
    thread_metadata: {
      archived: state.archived,
      locked: state.locked,
      auto_archive_duration: state.autoArchiveMinutes,
      archive_timestamp: iso(state.archiveChangedAt),
      create_timestamp: iso(room.createdAt),
    },
  };
}

export function channelView(room: Room, world: World): Record<string, unknown> & { id: string } {
  if (room.thread !== null) return threadView(room, world);
  const other = room.recipientId === null ? undefined : world.people.get(room.recipientId);
  if (other !== undefined)
    return {
      id: room.id,
      type: 1,
      last_message_id: room.messages.at(-1)?.id ?? null,
      recipients: [userView(other)],
      flags: 0,
    };
  return {
    id: room.id,
    type: 0,
    guild_id: world.guild.id,
    name: room.name,
    position: 0,
    parent_id: null,
    topic: null,
    nsfw: false,
    last_message_id: room.messages.at(-1)?.id ?? null,
    rate_limit_per_user: 0,
    flags: 0,
    permission_overwrites: [
      {
        id: world.bot.id,
        type: 1,
        allow: permissionBits([...room.permissions].filter((name) => !INVITED_WITH.includes(name))),
        deny: permissionBits(INVITED_WITH.filter((name) => !room.permissions.has(name))),
      },
    ],
  };
}

export function messageView(message: Message, world: World): MessageView {
  const author = world.people.get(message.authorId) ?? world.bot;
  const thread = message.threadId === null ? undefined : world.rooms.get(message.threadId);
  const mentioned = message.mentionedUsers.flatMap((id) => world.people.get(id) ?? []);
  const answered = message.answers;
  const user = answered === null ? undefined : world.people.get(answered.userId);
  return {
    id: message.id,
    channel_id: message.channelId,
    author: userView(author),
    content: message.content,
    timestamp: iso(message.createdAt),
    edited_timestamp: message.editedAt === null ? null : iso(message.editedAt),
    tts: false,
    mention_everyone: message.everyone,
    mentions: mentioned.map(userView),
    mention_roles: [...message.mentionedRoles],
    attachments: structuredClone(message.attachments),
    embeds: structuredClone(message.embeds),
    components: structuredClone(message.components),
    pinned: false,
    type: message.type,
    flags: message.flags,
    ...(message.nonce === null ? {} : { nonce: message.nonce }),
    ...(thread === undefined ? {} : { thread: threadView(thread, world) }),
    ...(message.repliesTo === null
      ? {}
      : {
          message_reference: {
            type: 0,
            message_id: message.repliesTo,
            channel_id: message.channelId,
            guild_id: world.guild.id,
          },
        }),
    ...(answered === null || user === undefined
      ? {}
      : {
          application_id: world.applicationId,
          webhook_id: world.applicationId,
          interaction_metadata: {
            id: answered.id,
            type: answered.type,
            user: userView(user),
            authorizing_integration_owners: { '0': world.guild.id },
          },
        }),
  };
}

export function guildView(world: World) {
  return {
    id: world.guild.id,
    name: world.guild.name,
    icon: null,
    splash: null,
    discovery_splash: null,
    banner: null,
    description: null,
    owner_id: '1',
    afk_channel_id: null,
    afk_timeout: 300,
    verification_level: 0,
    default_message_notifications: 0,
    explicit_content_filter: 0,
    roles: [...world.roles.values()].map((role) => roleView(role, world)),
    emojis: [],
    stickers: [],
    features: [],
    mfa_level: 0,
    application_id: null,
    system_channel_id: null,
    system_channel_flags: 0,
    rules_channel_id: null,
    public_updates_channel_id: null,
    safety_alerts_channel_id: null,
    vanity_url_code: null,
    premium_tier: 0,
    premium_subscription_count: 0,
    premium_progress_bar_enabled: false,
    preferred_locale: 'en-US',
    nsfw_level: 0,
    max_members: 500_000,
    max_presences: null,
    region: 'deprecated',
  };
}

/** The guild as GUILD_CREATE tells of it to a bot without privileged intents. */
export function guildCreateView(world: World) {
  const rooms = [...world.rooms.values()];
  return {
    ...guildView(world),
    joined_at: '2026-01-01T00:00:00.000Z',
    large: false,
    unavailable: false,
    member_count: [...world.people.values()].filter(({ member }) => member).length,
    voice_states: [],
    members: [memberView(world.bot)],
    channels: rooms
      .filter(({ thread, recipientId }) => thread === null && recipientId === null)
      .map((room) => channelView(room, world)),
    threads: rooms
      .filter(({ thread }) => thread !== null && !thread.archived)
      .map((room) => threadView(room, world)),
    presences: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
  };
}
