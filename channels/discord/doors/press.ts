import type { ButtonInteraction } from 'discord.js';
import type { Patience } from '../../../src/conversation/channel.ts';
import { placeOf } from '../identity.ts';
import { mayOpenForm } from '../modals.ts';
import { decodeButton } from '../render/buttons.ts';
import { type Doorway, NO_PLACE, NOT_HERE } from './doorway.ts';

/** A button of a card. */
export async function onPress(doorway: Doorway, interaction: ButtonInteraction): Promise<void> {
  const { inbox, log } = doorway;
  if (!doorway.isOurs(interaction)) return doorway.refuse(interaction, ...NOT_HERE);
  const button = decodeButton(interaction.customId);
  if (button === null) {
    log.warn({ customId: interaction.customId }, 'a press of a button that is not ours');
    return doorway.refuse(interaction, ...UNKNOWN_BUTTON);
  }
  const { id, subject, hash } = button;
  const first = mayOpenForm(id) ? 'form' : 'unseen';
  const exchange = doorway.exchangeWith(interaction, first, button);
  const { reply } = exchange;
  const send = async (limits: Patience) => {
    const thread = await placeOf(interaction, interaction.message);
    if (thread === null) {
      await reply.private(NO_PLACE);
      return null;
    }
    const origin = doorway.originOf(interaction, thread);
    return inbox.button({ ...origin, button: id, subject, hash, sure: false }, reply, limits);
  };
  await doorway.take({ exchange, first, send });
}

const UNKNOWN_BUTTON = [
  'This button is not known any more',
  ['The message is of another version of Airlock. Ask for the present state with the slash command.'],
] as const;
