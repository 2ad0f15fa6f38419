import { afterEach, expect, test } from 'vitest';
import { createRecordingInbox } from '../../../fakes/recording-inbox.ts';
import { type InboundWorld, openInboundWorld } from './inbound-world.ts';

let world: InboundWorld;

afterEach(() => world[Symbol.asyncDispose]());

/** An interaction as Discord sends it, with what a test makes of it. */
function interaction(parts: object): object {
  const { discord, room, user } = world;
  return {
    id: '1574188861448257000',
    application_id: discord.applicationId,
    token: 'a-token',
    version: 1,
    type: 2,
    data: { id: '1', name: 'agent', type: 1, options: [] },
    guild_id: discord.guild.id,
    channel_id: room,
    channel: { id: room, type: 0 },
    member: {
      user: { id: user, username: 'alice', discriminator: '0', avatar: null },
      roles: [],
      permissions: '0',
    },
    app_permissions: '0',
    locale: 'en-US',
    entitlements: [],
    authorizing_integration_owners: {},
    context: 0,
    attachment_size_limit: 1,
    ...parts,
  };
}

const option = (name: string, parts: object) => ({ name, type: 1, ...parts });

test.each([
  ['without a member', { member: undefined, user: { id: '1', username: 'x', discriminator: '0' } }],
  ['of a server that is not known', { guild_id: '999' }],
  ['of a channel that is not known', { channel: { id: '5', type: 0 }, channel_id: '5' }],
  ['without a channel', { channel: undefined, channel_id: undefined }],
  ['of a command that is not ours', { data: { id: '1', name: 'other', type: 1 } }],
  ['of a menu of messages', { data: { id: '1', name: 'agent', type: 3, target_id: '1', resolved: {} } }],
  ['without a subcommand', { data: { id: '1', name: 'agent', type: 1 } }],
  [
    'of an unknown subcommand',
    { data: { id: '1', name: 'agent', type: 1, options: [option('explode', {})] } },
  ],
  [
    'with values of other kinds',
    {
      data: {
        id: '1',
        name: 'agent',
        type: 1,
        options: [option('status', { options: [{ name: 'agent', type: 3, value: { a: 1 } }] })],
      },
    },
  ],
  ['of a kind to come', { type: 99 }],
  [
    'of a button with no words',
    { type: 3, data: { component_type: 2, custom_id: '' }, message: { id: '1', flags: 0 } },
  ],
  [
    'of a select',
    { type: 3, data: { component_type: 3, custom_id: 'x', values: ['a'] }, message: { id: '1' } },
  ],
  ['of a form with no fields', { type: 5, data: { custom_id: 'airlock:run::-:x', components: [] } }],
  ['of a form that is none', { type: 5, data: { custom_id: 'x'.repeat(5000), components: [] } }],
  ['without entitlements', { entitlements: undefined }],
  ['with nothing in it', { data: undefined }],
])('an interaction %s harms nothing: the next one is heard', async (_, parts) => {
  const inbox = createRecordingInbox();
  world = await openInboundWorld({ inbox });
  const { discord, room, user } = world;

  discord.gateway.dispatch('INTERACTION_CREATE', interaction(parts));
  await discord.command({ user, channel: room, path: ['list'] });

  const requests = await inbox.received(1);
  expect(requests.at(-1)?.request).toMatchObject({ text: 'list' });
  expect(world.logged.join()).not.toContain('a-token');
});

test.each([
  ['in direct messages', { context: 1, guild_id: undefined, channel: { id: '3', type: 1 } }],
  ['in a conversation of others, by who added the app to their account', { context: 2, guild_id: undefined }],
  ['in a server that the bot is not in, by the same', { guild_id: '999' }],
])('%s nothing is done, and who asks is told where to ask', async (_, parts) => {
  const inbox = createRecordingInbox();
  world = await openInboundWorld({ inbox, guildId: null });
  const { discord, user: id } = world;
  const user = { id, username: 'alice', discriminator: '0', avatar: null };
  const data = { id: '1', name: 'agent', type: 1, options: [option('list', {})] };

  discord.gateway.dispatch('INTERACTION_CREATE', interaction({ data, user, ...parts }));

  const answered = await discord.until(() =>
    discord.calls.find(({ path, status }) => path.endsWith('/callback') && status !== null),
  );
  expect(JSON.stringify(answered.body)).toContain('Use me in our server');
  expect(inbox.requests).toEqual([]);
});

test('another event that the library cannot read harms nothing either, and is written down by its name', async () => {
  const inbox = createRecordingInbox();
  world = await openInboundWorld({ inbox });
  const { discord, room, user } = world;

  discord.gateway.dispatch('THREAD_LIST_SYNC', { guild_id: discord.guild.id });
  await discord.command({ user, channel: room, path: ['list'] });

  await inbox.received(1);
  expect(world.logged.join()).toContain('THREAD_LIST_SYNC');
});
