/** The scopes of the bot token and what each is for; none is wider than what is done with it. `manifest.yaml` asks for exactly these. */
export const SLACK_SCOPES = {
  commands: 'the root command',
  'chat:write': 'cards, their changes and private answers, in the channels that the bot was invited to',
  'app_mentions:read': 'a mention in a thread acts on the agent of that thread',
  'files:write': 'long commands and outputs as files in the thread',
  'files:read': 'whether an upload that may have landed is there, before it is repeated',
  'usergroups:read': 'members of the user groups that airlock.yaml gives a role',
  'users:read': "the people's names on cards",
  'channels:read':
    'whether the bot is in the public channel where something is asked, and who is in the one whose members are operators',
  'groups:read': 'the same for a private channel',
  'channels:history': 'whether a post that may have landed is there, before it is repeated',
  'groups:history': 'the same in a private channel',
  'im:write':
    'a direct message to somebody who pressed a button in the App Home, where there is no channel, or who could not be answered',
  'im:history':
    'whether a post in these direct messages that may have landed is there, before it is repeated',
} as const satisfies Record<string, string>;
