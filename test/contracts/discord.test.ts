import { expect } from 'vitest';
import { createDiscordChannel } from '../../channels/discord/discord-channel.ts';
import { commandShapes } from '../../src/commands/shapes.ts';
import { environmentSchema } from '../../src/config/schema.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { startDiscordEmulator } from '../emulators/discord/discord-emulator.ts';
import type { ComponentView, DiscordEmulator, MessageView, OptionValue } from '../emulators/discord/types.ts';
import { readDiscord } from '../fixtures/discord-reader.ts';
import { describeChannel, type ChannelHarness } from './channel.ts';

/** Of a message that says "thinking". */
const LOADING = 128;

async function makeHarness(): Promise<ChannelHarness> {
  const discord = await startDiscordEmulator();
  const alice = discord.addUser({ name: 'alice' });
  const room = discord.addChannel({ name: 'ops' });
  const channel = createDiscordChannel({
    environment: environmentSchema.parse({
      DISCORD_BOT_TOKEN: discord.botToken,
      DISCORD_APPLICATION_ID: discord.applicationId,
      DISCORD_GUILD_ID: discord.guild.id,
      AIRLOCK_DISCORD_API_URL: discord.apiUrl,
    }),
    groups: () => [],
    commands: commandShapes,
    clock: discord.clock,
    log: silentLogger,
  });
  const answered = () =>
    discord.until(() =>
      [...discord.messages(room), ...discord.ephemerals(alice)].every(({ flags }) => (flags & LOADING) === 0),
    );
  const thread = { channel: 'discord', space: discord.guild.id, room, thread: null };
  return {
    channel,
    thread,
    missing: { ...thread, room: '1' },
    shown: () => shownTo(discord, alice, room),
    messages: () => discord.messages(room).length,
    async command(text) {
      await discord.until(() => discord.commands().length > 0);
      await discord.command({ user: alice, channel: room, ...typed(text) });
      await answered();
    },
    async press(message, button, answers) {
      const posted = discord.messages(room).find(({ id }) => id === message.messageId);
      const customId = customIds(posted?.components ?? [])[button - 1];
      if (customId === undefined) throw new Error(`there is no button ${button}`);
      await discord.press({ user: alice, message: message.messageId, customId });
      if (answers.length === 0) return;
      const modal = await discord.until(() => discord.modals(alice).at(-1));
      const values = customIds(modal.components).map((id, at): [string, string] => [id, answers[at] ?? '']);
      await discord.submit({ user: alice, modal, values: Object.fromEntries(values) });
    },
    async disconnect() {
      discord.faults.rest('*', { kind: 'drop', landed: false }, 1000);
    },
    async dispose() {
      await channel.stop();
      await discord.close();
      expect(discord.violations).toEqual([]);
      expect(discord.pings).toEqual([]);
    },
  };
}

/** The typed options that stand for a command line. */
function typed(text: string): { path: string[]; options: Record<string, OptionValue> } {
  const [line = '', ...rest] = text.split(' -- ');
  const [name = '', agent] = line.split(' ');
  return {
    path: [name],
    options: {
      ...(agent === undefined ? {} : { agent }),
      ...(rest.length === 0 ? {} : { command: rest.join(' -- ') }),
    },
  };
}

/** What stands in the channel, its threads and her own messages, as a reader sees it. */
function shownTo(discord: DiscordEmulator, user: string, room: string): string {
  const threads = discord.threads(room).flatMap(({ id }) => discord.messages(id));
  return [...discord.messages(room), ...threads, ...discord.ephemerals(user)].map(textOf).join('\n');
}

function textOf({ content, embeds, components, attachments }: MessageView): string {
  return [
    readDiscord(content).shown,
    ...embeds.flatMap(({ description = '', footer }) => [readDiscord(description).shown, footer?.text ?? '']),
    ...components.flatMap((row) => row.components ?? []).map(({ label = '' }) => label),
    ...attachments.map(({ filename }) => filename),
  ].join('\n');
}

/** Of buttons and inputs in the order they are shown. */
function customIds(parts: readonly ComponentView[]): string[] {
  return parts.flatMap((part) => [
    ...(part.custom_id === undefined ? [] : [part.custom_id]),
    ...customIds(part.components ?? []),
    ...customIds(part.component === undefined ? [] : [part.component]),
  ]);
}

describeChannel('discord', makeHarness);
