/** The bits that a bot of this kind meets, of Discord's permission field. */
const PERMISSIONS = {
  Administrator: 1n << 3n,
  ViewChannel: 1n << 10n,
  SendMessages: 1n << 11n,
  EmbedLinks: 1n << 14n,
  AttachFiles: 1n << 15n,
  ReadMessageHistory: 1n << 16n,
  MentionEveryone: 1n << 17n,
  UseApplicationCommands: 1n << 31n,
  ManageThreads: 1n << 34n,
  CreatePublicThreads: 1n << 35n,
  CreatePrivateThreads: 1n << 36n,
  SendMessagesInThreads: 1n << 38n,
} as const;

export type PermissionName = keyof typeof PERMISSIONS;

/** What the bot was invited with. */
export const INVITED_WITH: readonly PermissionName[] = [
  'ViewChannel',
  'SendMessages',
  'EmbedLinks',
  'AttachFiles',
  'ReadMessageHistory',
  'UseApplicationCommands',
  'ManageThreads',
  'CreatePublicThreads',
  'SendMessagesInThreads',
];

export function permissionBits(names: readonly PermissionName[]): string {
  return names.reduce((bits, name) => bits | PERMISSIONS[name], 0n).toString();
}
