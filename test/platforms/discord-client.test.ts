import {
  ActionRowBuilder,
  ApplicationCommandOptionType,
  ButtonBuilder,
  ButtonStyle,
  Client,
  type ClientOptions,
  ContainerBuilder,
  Events,
  GatewayIntentBits,
  type Interaction,
  LabelBuilder,
  MessageFlags,
  ModalBuilder,
  SectionBuilder,
  type TextChannel,
  TextDisplayBuilder,
  TextInputBuilder,
  TextInputStyle,
} from 'discord.js';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startDiscordEmulator } from '../emulators/discord/discord-emulator.ts';
import type { DiscordEmulator } from '../emulators/discord/types.ts';

let discord: DiscordEmulator;
let client: Client;
let channel: string;
let user: string;

async function login(options: Partial<ClientOptions> = {}): Promise<Client> {
  const made = new Client({
    intents: [GatewayIntentBits.Guilds],
    rest: { api: discord.apiUrl },
    // The emulator's clock is moved on instead of waiting between two identifies.
    ws: {
      buildIdentifyThrottler: () => Promise.resolve({ waitForIdentify: () => Promise.resolve() }),
    },
    ...options,
  });
  made.on(Events.Error, () => {});
  const ready = new Promise((resolve) => made.once(Events.ClientReady, resolve));
  await made.login(discord.botToken);
  await ready;
  return made;
}

/** Answers every interaction with `work`; a failure fails the test at its end. */
function answer(work: (interaction: Interaction) => Promise<unknown>): void {
  client.on(Events.InteractionCreate, (interaction) => {
    work(interaction).catch((error: unknown) => failures.push(error));
  });
}
const failures: unknown[] = [];

const COMMAND = {
  name: 'agent',
  description: 'Runs agents',
  options: [
    {
      type: ApplicationCommandOptionType.Subcommand as const,
      name: 'create',
      description: 'Makes one',
      options: [
        {
          type: ApplicationCommandOptionType.String as const,
          name: 'name',
          description: 'Its name',
          required: true,
        },
        {
          type: ApplicationCommandOptionType.String as const,
          name: 'image',
          description: 'Its image',
          autocomplete: true,
        },
        {
          type: ApplicationCommandOptionType.Integer as const,
          name: 'memory',
          description: 'MiB',
          minValue: 64,
        },
      ],
    },
  ],
};

async function register(): Promise<void> {
  await client.application?.commands.set([COMMAND], discord.guild.id);
}

async function textChannel(): Promise<TextChannel> {
  const found = await client.channels.fetch(channel);
  if (found === null || !found.isTextBased() || found.isDMBased() || found.isThread())
    throw new Error('no channel');
  return found as TextChannel;
}

beforeEach(async () => {
  failures.length = 0;
  discord = await startDiscordEmulator();
  channel = discord.addChannel({ name: 'ops' });
  user = discord.addUser({ name: 'ada' });
  client = await login();
});
afterEach(async () => {
  await client.destroy();
  await discord.close();
  expect(failures).toEqual([]);
});

it('lets the client log in and see guild, channel and itself', () => {
  expect(client.isReady()).toBe(true);
  expect(client.user?.id).toBe(discord.botUserId);
  expect(client.guilds.cache.get(discord.guild.id)?.channels.cache.get(channel)?.name).toBe('ops');
  expect(discord.gateway.sessions).toMatchObject([{ intents: GatewayIntentBits.Guilds, connected: true }]);
  expect(discord.violations).toEqual([]);
});

it('refuses a wrong token', async () => {
  const other = new Client({ intents: [], rest: { api: discord.apiUrl } });
  await expect(other.login('wrong')).rejects.toThrow('An invalid token was provided.');
});

it('keeps registered commands, and delivers one with its options', async () => {
  await register();
  answer(async (interaction) => {
    if (!interaction.isChatInputCommand()) return;
    expect(interaction.options.getSubcommand()).toBe('create');
    expect(interaction.options.getString('name')).toBe('web');
    expect(interaction.options.getInteger('memory')).toBe(512);
    expect(interaction.inCachedGuild()).toBe(true);
    await interaction.deferReply();
    await interaction.editReply('made');
    await interaction.followUp({ content: 'only you', flags: MessageFlags.Ephemeral });
  });

  const outcome = await discord.command({
    user,
    channel,
    path: ['create'],
    options: { name: 'web', memory: 512 },
  });

  expect(discord.commands()).toMatchObject([{ name: 'agent', guild_id: discord.guild.id }]);
  expect(outcome).toMatchObject({ answered: true, answer: 'deferred', ephemeral: false });
  expect(await outcome.reply()).toMatchObject({ content: 'made', channel_id: channel });
  expect(await discord.until(() => discord.ephemerals(user)[0])).toMatchObject({
    content: 'only you',
    flags: 64,
  });
  expect(discord.messages(channel)).toHaveLength(1);
  expect(discord.violations).toEqual([]);
});

it('throws for a command that Discord would not let a person send', async () => {
  await register();
  const send = (options: Record<string, string | number>) =>
    discord.command({ user, channel, path: ['create'], options });

  await expect(send({})).rejects.toThrow('"name" is required');
  await expect(send({ name: 'web', memory: 1 })).rejects.toThrow('outside the range');
  await expect(send({ name: 'web', colour: 'red' })).rejects.toThrow('no option "colour"');
});

it('completes an option', async () => {
  await register();
  answer(async (interaction) => {
    if (interaction.isAutocomplete())
      await interaction.respond([{ name: `${interaction.options.getFocused()}thon`, value: 'python' }]);
  });

  const { choices } = await discord.autocomplete({
    user,
    channel,
    path: ['create'],
    options: { image: 'py' },
    focused: 'image',
  });

  expect(choices).toEqual([{ name: 'python', value: 'python' }]);
});

const button = (id: string, label: string) =>
  new ActionRowBuilder<ButtonBuilder>().addComponents(
    new ButtonBuilder().setCustomId(id).setLabel(label).setStyle(ButtonStyle.Primary),
  );

it('presses a button and changes its message', async () => {
  await (await textChannel()).send({ content: 'Approve?', components: [button('yes', 'Approve')] });
  answer(async (interaction) => {
    if (!interaction.isButton()) return;
    await interaction.deferUpdate();
    await interaction.editReply({ content: 'Approved', components: [] });
  });
  const [card] = discord.messages(channel);
  if (card === undefined) throw new Error('no card');

  const outcome = await discord.press({ user, message: card, label: 'Approve' });

  expect(outcome.answer).toBe('deferred-update');
  await discord.until(() => discord.messages(channel)[0]?.content === 'Approved');
  await expect(discord.press({ user, message: card, label: 'Approve' })).rejects.toThrow(
    'shows no "Approve"',
  );
  expect(await discord.press({ user, message: card, label: 'Approve', stale: true })).toMatchObject({
    answered: true,
  });
});

it('opens a modal and takes its values', async () => {
  await (await textChannel()).send({ content: 'Deny?', components: [button('no', 'Deny')] });
  answer(async (interaction) => {
    if (interaction.isButton())
      await interaction.showModal(
        new ModalBuilder()
          .setCustomId('reason')
          .setTitle('Deny')
          .addLabelComponents(
            new LabelBuilder()
              .setLabel('Reason')
              .setTextInputComponent(
                new TextInputBuilder().setCustomId('why').setStyle(TextInputStyle.Paragraph),
              ),
          ),
      );
    if (interaction.isModalSubmit() && interaction.isFromMessage())
      await interaction.update({
        content: `Denied: ${interaction.fields.getTextInputValue('why')}`,
        components: [],
      });
  });
  const message = discord.messages(channel)[0]?.id ?? '';

  const opened = await discord.press({ user, message, customId: 'no' });
  await expect(discord.submit({ user, values: {} })).rejects.toThrow('"why" is required');
  const submitted = await discord.submit({ user, values: { why: 'too risky' } });

  expect(opened.modal?.title).toBe('Deny');
  expect(submitted.answer).toBe('update');
  expect(discord.modals(user)).toEqual([]);
  expect(discord.messages(channel)[0]?.content).toBe('Denied: too risky');
  expect(discord.violations).toEqual([]);
});

it('gives the earlier message for a repeated nonce', async () => {
  const room = await textChannel();
  const first = await room.send({ content: 'once', nonce: 'k1', enforceNonce: true });
  const second = await room.send({ content: 'once', nonce: 'k1', enforceNonce: true });
  discord.clock.advance(3 * 60_000);
  const third = await room.send({ content: 'once', nonce: 'k1', enforceNonce: true });

  expect(second.id).toBe(first.id);
  expect(third.id).not.toBe(first.id);
  expect(discord.messages(channel)).toHaveLength(2);
});

it('opens a thread on a message, archives it, and opens it again for a message', async () => {
  const card = await (await textChannel()).send('card');
  const thread = await card.startThread({ name: 'web: running', autoArchiveDuration: 60 });
  const posted = await thread.send('result');
  await thread.setArchived(true);

  await expect(posted.edit('changed')).rejects.toMatchObject({ code: 50083 });
  await thread.send('more');

  expect(discord.threads(channel)).toMatchObject([
    { name: 'web: running', thread_metadata: { archived: false } },
  ]);
  expect(discord.messages(thread.id).map(({ content }) => content)).toEqual(['result', 'more']);
  discord.clock.advance(60 * 60_000);
  expect(discord.threads(channel)[0]?.thread_metadata.archived).toBe(true);
});

it('keeps files and serves them', async () => {
  const sent = await (await textChannel()).send({
    content: 'log',
    files: [{ attachment: Buffer.from('line\n'), name: 'out.txt' }],
  });

  expect(discord.attachments).toMatchObject([{ name: 'out.txt', messageId: sent.id }]);
  expect(discord.attachments[0]?.text()).toBe('line\n');
  const served = await fetch(sent.attachments.first()?.url ?? '');
  expect(await served.text()).toBe('line\n');
});

it('shows components v2 and presses a button in a section', async () => {
  const container = new ContainerBuilder().addSectionComponents(
    new SectionBuilder()
      .addTextDisplayComponents(new TextDisplayBuilder().setContent('rm -rf /'))
      .setButtonAccessory(
        new ButtonBuilder().setCustomId('deny').setLabel('Deny').setStyle(ButtonStyle.Danger),
      ),
  );
  const sent = await (await textChannel()).send({
    flags: MessageFlags.IsComponentsV2,
    components: [container],
  });
  answer(async (interaction) => {
    if (interaction.isButton())
      await interaction.reply({
        content: 'why',
        files: [{ attachment: Buffer.from('full text'), name: 'payload.txt' }],
        flags: MessageFlags.Ephemeral,
      });
  });

  const outcome = await discord.press({ user, message: sent, label: 'Deny' });

  expect(sent.components[0]?.toJSON()).toMatchObject({ type: 17, components: [{ type: 9 }] });
  expect(outcome).toMatchObject({ answer: 'message', ephemeral: true });
  expect(await outcome.reply()).toMatchObject({ content: 'why', attachments: [{ filename: 'payload.txt' }] });
  expect(discord.violations).toEqual([]);
});

it('tells the client what it may do in a channel', async () => {
  const may = async () => (await textChannel()).permissionsFor(discord.botUserId)?.has('SendMessages');
  expect(await may()).toBe(true);
  const updated = new Promise((resolve) => client.once(Events.ChannelUpdate, resolve));
  discord.setPermissions(channel, ['ViewChannel']);
  await updated;
  expect(await may()).toBe(false);
  await expect((await textChannel()).send('a')).rejects.toMatchObject({ code: 50013, status: 403 });
});

it('runs a command in a thread that the client has not seen since it logged in', async () => {
  await register();
  const thread = await (await textChannel()).threads.create({ name: 'web' });
  discord.archive(thread.id);
  await client.destroy();
  discord.clock.advance(5_000);
  client = await login();
  answer(async (interaction) => {
    if (interaction.isChatInputCommand()) await interaction.reply(`in ${interaction.channelId}`);
  });

  await discord.command({ user, channel: thread.id, path: ['create'], options: { name: 'web' } });

  expect(discord.messages(thread.id)).toMatchObject([{ content: `in ${thread.id}` }]);
  expect(discord.threads(channel)[0]?.thread_metadata.archived).toBe(false);
});

it('limits a route, and the client that heeds the 429 gets through', async () => {
  discord.faults.rest('POST /channels/:channel/messages', { kind: 'rate-limit', retryAfterMs: 50 });

  await (await textChannel()).send('late');

  expect(discord.messages(channel).map(({ content }) => content)).toEqual(['late']);
  expect(
    discord.calls
      .filter(({ route }) => route === 'POST /channels/:channel/messages')
      .map(({ status }) => status),
  ).toEqual([429, 200]);
  expect(discord.violations).toEqual([]);
});

it('resumes after a reconnect and replays what happened meanwhile', async () => {
  const seen = vi.fn();
  client.on(Events.ChannelCreate, ({ name }) => seen(name));
  discord.gateway.reconnect();
  discord.addChannel({ name: 'meanwhile' });

  await discord.until(() => discord.gateway.resumes === 1 && seen.mock.calls.length === 1);
  expect(seen).toHaveBeenCalledWith('meanwhile');
  expect(discord.gateway.identifies).toBe(1);
  expect(discord.gateway.closes).toEqual([4200]);
});

it('makes the client identify again when its session is over', async () => {
  discord.clock.advance(5_000);
  const again = new Promise((resolve) => client.once(Events.ShardReady, resolve));
  discord.gateway.invalidSession(false);

  await again;
  await discord.until(
    () => discord.gateway.sessions[0]?.connected === true && discord.gateway.identifies === 2,
  );
  expect(discord.gateway.resumes).toBe(0);
  expect(discord.violations).toEqual([]);
});

it('cuts the connection, and the client resumes', async () => {
  discord.gateway.close(1006);
  await discord.until(() => discord.gateway.resumes === 1);
  expect(discord.gateway.connections).toBe(1);
});

it('lets the client find out that its heartbeats are not heard, and resume', async () => {
  await client.destroy();
  await discord.close();
  discord = await startDiscordEmulator({ heartbeatMs: 200 });
  client = await login();
  discord.gateway.dropAcks(1);

  await discord.until(() => discord.gateway.resumes >= 1);
  expect(discord.gateway.identifies).toBe(1);
});

it('ends the session with the client', async () => {
  await client.destroy();
  await discord.until(() => discord.gateway.connections === 0);
  expect(discord.gateway.sessions).toEqual([]);
});

it('tells that nobody answered when no client is there', async () => {
  await register();
  await client.destroy();
  const waiting = discord.command({ user, channel, path: ['create'], options: { name: 'web' } });
  discord.clock.advance(3_000);

  expect(await waiting).toMatchObject({ answered: false, answer: null, answerMs: null });
});
