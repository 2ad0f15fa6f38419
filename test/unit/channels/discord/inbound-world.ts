/** The real library with our listeners against the emulator; what it hands on is recorded. */
import { Client, Events, GatewayIntentBits, Routes } from 'discord.js';
import { z } from 'zod';
import { registerListeners } from '../../../../channels/discord/inbound.ts';
import { registerCommands } from '../../../../channels/discord/register.ts';
import { renderMessage } from '../../../../channels/discord/render/message.ts';
import { makeRequest } from '../../../../channels/discord/request.ts';
import { createRestApi } from '../../../../channels/discord/rest-api.ts';
import { commandShapes } from '../../../../src/commands/shapes.ts';
import type { Card, Inbox, Reply } from '../../../../src/conversation/channel.ts';
import { createLogger } from '../../../../src/lib/logger.ts';
import { createRedactor } from '../../../../src/lib/redact.ts';
import { startDiscordEmulator } from '../../../emulators/discord/discord-emulator.ts';
import type { DiscordEmulator, MessageView } from '../../../emulators/discord/types.ts';
import {
  createRecordingInbox,
  type RecordedRequest,
  type RecordingInbox,
} from '../../../fakes/recording-inbox.ts';

export interface InboundWorld extends AsyncDisposable {
  readonly discord: DiscordEmulator;
  readonly client: Client;
  /** A member without roles, and a channel. */
  readonly user: string;
  readonly room: string;
  readonly logged: readonly string[];
  /** Posts a card as the bot; the message's id. */
  post: (card: Card, channel?: string) => Promise<string>;
  /** Posts any message as the bot. */
  send: (body: object, channel?: string) => Promise<string>;
  /** The thread that begins with the message; its id. */
  startThread: (message: string) => Promise<string>;
  /** What that member alone was told first. */
  told: () => Promise<MessageView>;
}

export interface InboundWorldOptions {
  inbox: Inbox;
  groups?: () => readonly string[];
  /** Default the emulator's server. */
  guildId?: string | null;
}

/** Connected, with the commands of the registry registered. */
export async function openInboundWorld(options: InboundWorldOptions): Promise<InboundWorld> {
  await using stack = new AsyncDisposableStack();
  const discord = await startDiscordEmulator();
  stack.defer(() => discord.close());
  const { clock } = discord;
  const logged: string[] = [];
  const log = createLogger({
    level: 'debug',
    redactor: createRedactor(),
    write: (line) => void logged.push(line),
  });
  const closing = new AbortController();
  stack.defer(() => closing.abort());
  const rest = createRestApi({
    token: discord.botToken,
    apiUrl: discord.apiUrl,
    clock,
    log,
    closing: closing.signal,
  });
  const commands = commandShapes();
  const settings = { applicationId: discord.applicationId, guildId: discord.guild.id };
  await registerCommands({ rest, settings, commands });
  const user = discord.addUser({ name: 'alice' });
  const room = discord.addChannel({ name: 'ops' });
  const client = new Client({
    intents: [GatewayIntentBits.Guilds],
    rest: { api: discord.apiUrl, retries: 0, makeRequest },
    allowedMentions: { parse: [] },
  });
  client.on(Events.Error, (error) => void logged.push(String(error)));
  const inbound = registerListeners(client, {
    inbox: options.inbox,
    settings: { guildId: options.guildId === undefined ? discord.guild.id : options.guildId },
    groups: options.groups ?? (() => []),
    commands: () => commands,
    clock,
    log,
  });
  stack.defer(() => client.destroy());
  stack.defer(() => inbound.stop());
  const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve));
  await client.login(discord.botToken);
  await ready;
  const opened = stack.move();
  const idSchema = z.object({ id: z.string() });
  async function send(body: object, channel = room): Promise<string> {
    const request = { method: 'POST', route: Routes.channelMessages(channel), body } as const;
    return (await rest.call(request, idSchema)).id;
  }
  return {
    discord,
    client,
    user,
    room,
    logged,
    post(card, channel) {
      const { cut: _cut, ...body } = renderMessage(card);
      return send(body, channel);
    },
    send,
    async startThread(message) {
      const body = { name: 'box' };
      const request = { method: 'POST', route: Routes.threads(room, message), body } as const;
      return (await rest.call(request, idSchema)).id;
    },
    told: () => discord.until(() => discord.ephemerals(user)[0]),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** With an inbox that records, and answers as a test says. */
export async function openRecordedWorld(
  answer?: (recorded: RecordedRequest, reply: Reply) => Promise<void>,
  options: Partial<InboundWorldOptions> = {},
): Promise<InboundWorld & { inbox: RecordingInbox }> {
  const inbox = createRecordingInbox({
    async answer(recorded, reply) {
      await answer?.(recorded, reply);
      return { ok: true, waiting: false, actionId: null };
    },
  });
  return { inbox, ...(await openInboundWorld({ inbox, ...options })) };
}
