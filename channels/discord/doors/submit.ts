import type { ModalSubmitInteraction } from 'discord.js';
import type { Patience } from '../../../src/conversation/channel.ts';
import { warnOfLookalikes } from '../../shared/lookalikes.ts';
import { placeOf } from '../identity.ts';
import { pressedBefore } from '../modals.ts';
import { readForm } from '../render/form.ts';
import { type Doorway, NO_PLACE, NOT_HERE } from './doorway.ts';

/** A form that was filled in. The first answer closes its window. */
export async function onSubmit(doorway: Doorway, interaction: ModalSubmitInteraction): Promise<void> {
  const { inbox, log } = doorway;
  if (!doorway.isOurs(interaction)) return doorway.refuse(interaction, ...NOT_HERE);
  const pressed = pressedBefore(interaction.customId);
  if (pressed === null) {
    log.warn({}, 'a form of another version was submitted');
    return doorway.refuse(interaction, ...UNKNOWN_FORM);
  }
  const first = interaction.isFromMessage() ? 'unseen' : 'private';
  const exchange = doorway.exchangeWith(interaction, first);
  const { reply } = exchange;
  const values = readForm(interaction.fields.fields.values());
  const send = async (limits: Patience) => {
    const thread = await placeOf(interaction, interaction.message);
    if (thread === null) {
      await reply.private(NO_PLACE);
      return null;
    }
    const { id, subject, hash } = pressed;
    const origin = doorway.originOf(interaction, thread);
    const accepted = await inbox.form({ ...origin, button: id, subject, hash, values }, reply, limits);
    void warnOfLookalikes(values.command ?? '', { accepted, reply, log });
    return accepted;
  };
  await doorway.take({ exchange, first, send });
}

const UNKNOWN_FORM = [
  'This form is not known any more',
  ['It is of another version of Airlock. Nothing was done: press the button again.'],
] as const;
