import { ApplicationCommandOptionType, type AutocompleteInteraction } from 'discord.js';
import type { Choice } from '../../../src/conversation/channel.ts';
import { completionText, toChoices } from '../autocomplete.ts';
import { toChannelError } from '../errors.ts';
import { placeOf } from '../identity.ts';
import { findCommand, ROOT } from '../options.ts';
import type { Doorway } from './doorway.ts';

/** Discord waits three seconds, and who types does not wait as long. */
const SUGGESTED_WITHIN_MS = 2000;

/** Somebody types an option. Answered in time, with nothing if need be. */
export async function onAutocomplete(doorway: Doorway, interaction: AutocompleteInteraction): Promise<void> {
  const late = Promise.withResolvers<Choice[]>();
  using _limit = doorway.clock.after(SUGGESTED_WITHIN_MS, () => late.resolve([]));
  const found = await Promise.race([find(doorway, interaction).catch(() => []), late.promise]);
  const { type } = interaction.options.getFocused(true);
  const choices = toChoices(found, type === ApplicationCommandOptionType.String ? 'word' : 'number');
  try {
    await interaction.respond(choices);
  } catch (error) {
    // Of a moment ago, as after a gap in the connection: somebody who still types is asked about again.
    doorway.log.info({ reason: toChannelError(error, 'suggestions').message }, 'suggestions were not taken');
  }
}

async function find(doorway: Doorway, interaction: AutocompleteInteraction): Promise<Choice[]> {
  if (!doorway.isOurs(interaction) || interaction.commandName !== ROOT) return [];
  const command = findCommand(doorway.commands(), interaction.options.getSubcommand(false) ?? '');
  const text = command === null ? null : completionText(command, interaction.options.getFocused(true));
  const thread = text === null ? null : await placeOf(interaction, null);
  if (text === null || thread === null) return [];
  const { principal, groups } = doorway.originOf(interaction, thread);
  return doorway.inbox.complete({ principal, groups, thread, text });
}
