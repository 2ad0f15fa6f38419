/** Which scope of the bot's token lets a method through; one of them is enough. */
const CHAT = ['chat:write'];
const READ = ['channels:read', 'groups:read', 'im:read'];
const HISTORY = ['channels:history', 'groups:history', 'im:history'];

export const NEEDED_SCOPES: Readonly<Record<string, readonly string[]>> = {
  'chat.postMessage': CHAT,
  'chat.update': CHAT,
  'chat.delete': CHAT,
  'chat.postEphemeral': CHAT,
  'conversations.info': READ,
  'conversations.list': READ,
  'conversations.members': READ,
  'conversations.history': HISTORY,
  'conversations.replies': HISTORY,
  'conversations.open': ['im:write'],
  'users.info': ['users:read'],
  'bots.info': ['users:read'],
  'usergroups.list': ['usergroups:read'],
  'usergroups.users.list': ['usergroups:read'],
  'files.getUploadURLExternal': ['files:write'],
  'files.completeUploadExternal': ['files:write'],
  'files.info': ['files:read'],
};

/** What a bot that does everything here is granted. */
export const ALL_SCOPES: readonly string[] = [
  'app_mentions:read',
  'commands',
  ...new Set(Object.values(NEEDED_SCOPES).flat()),
];
