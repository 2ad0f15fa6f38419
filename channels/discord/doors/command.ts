import { type ChatInputCommandInteraction, PermissionFlagsBits } from 'discord.js';
import { z } from 'zod';
import type { Patience } from '../../../src/conversation/channel.ts';
import { noticeCard } from '../../shared/notices.ts';
import { warnOfLookalikes } from '../../shared/lookalikes.ts';
import { commandText, type TypedValues } from '../command-text.ts';
import { placeOf } from '../identity.ts';
import { findCommand, ROOT } from '../options.ts';
import { type Doorway, NO_PLACE, NOT_HERE } from './doorway.ts';

/** The slash command. Refused where what it starts could not be shown, before anything is done. */
export async function onCommand(doorway: Doorway, interaction: ChatInputCommandInteraction): Promise<void> {
  if (!doorway.isOurs(interaction)) return doorway.refuse(interaction, ...NOT_HERE);
  const name = interaction.options.getSubcommand(false) ?? '';
  const command = interaction.commandName === ROOT ? findCommand(doorway.commands(), name) : null;
  if (command === null) return doorway.refuse(interaction, ...UNKNOWN);
  if (command.visibility === 'thread' && !mayPost(interaction)) {
    return doorway.refuse(interaction, ...MAY_NOT_POST);
  }
  const first = command.opens !== null ? 'form' : command.visibility === 'private' ? 'private' : 'public';
  const exchange = doorway.exchangeWith(interaction, first);
  const { reply } = exchange;
  const values = valuesOf(interaction);
  const send = async (limits: Patience) => {
    const thread = await placeOf(interaction, null);
    if (thread === null) {
      await reply.private(NO_PLACE);
      return null;
    }
    const line = commandText(command, values, { inThread: thread.thread !== null });
    if ('problem' in line) {
      await reply.private(noticeCard('Nothing was done', [line.problem]));
      return null;
    }
    const origin = doorway.originOf(interaction, thread);
    const accepted = await doorway.inbox.command({ ...origin, ...line }, reply, limits);
    void warnOfLookalikes(line.text, { accepted, reply, log: doorway.log });
    return accepted;
  };
  await doorway.take({ exchange, first, send });
}

const typedValue = z.union([z.string(), z.number(), z.boolean()]);

function valuesOf({ options }: ChatInputCommandInteraction): TypedValues {
  const [subcommand] = options.data;
  const given = (subcommand?.options ?? []).flatMap(({ name, value }) => {
    const read = typedValue.safeParse(value);
    return read.success ? [[name, read.data] as const] : [];
  });
  return Object.fromEntries(given);
}

/** A thread that is not known may be one, or not: then either right is enough. */
function mayPost({ appPermissions, channel }: ChatInputCommandInteraction): boolean {
  const { EmbedLinks, SendMessages, SendMessagesInThreads, ViewChannel } = PermissionFlagsBits;
  const inThread = channel?.isThread() ?? null;
  return (
    appPermissions.has([ViewChannel, EmbedLinks]) &&
    ((inThread !== true && appPermissions.has(SendMessages)) ||
      (inThread !== false && appPermissions.has(SendMessagesInThreads)))
  );
}

const UNKNOWN = [
  'This command is not known any more',
  ['Discord still shows one of another version of Airlock. Close and open Discord, and choose it again.'],
] as const;
const MAY_NOT_POST = [
  'I may not write here, so nothing was done',
  [
    'What a command starts is shown where it was typed. Give me the permissions View Channel, Send Messages, Send Messages in Threads and Embed Links in this channel, or use a channel where I have them.',
  ],
] as const;
