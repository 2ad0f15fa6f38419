import { type Client, Events, type Interaction } from 'discord.js';
import type { Inbox } from '../../src/conversation/channel.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import type { CommandShape } from '../../src/model/command-shape.ts';
import { onCommand } from './doors/command.ts';
import { onAutocomplete } from './doors/complete.ts';
import { createDoorway, type Doorway } from './doors/doorway.ts';
import { onPress } from './doors/press.ts';
import { onSubmit } from './doors/submit.ts';
import { guardPackets } from './packet-guard.ts';
import type { DiscordSettings } from './settings.ts';

export interface InboundDeps {
  inbox: Inbox;
  settings: Pick<DiscordSettings, 'guildId'>;
  /** The roles that `airlock.yaml` names now: `discord-role:<guild>:<role>`. */
  groups: () => readonly string[];
  commands: () => readonly CommandShape[];
  clock: Clock;
  log: Logger;
}

/** What comes in from Discord. */
export interface Inbound {
  stop(): void;
}

/**
 * Hands what people do on Discord to the inbox: the slash command and its options while they are typed, buttons, forms. Everything is
 * answered in time; nothing here throws into the library. A client that could not log in is replaced: then it is called for the next
 * one too.
 */
export function registerListeners(client: Client, deps: InboundDeps): Inbound {
  const { log } = deps;
  const doorway = createDoorway({ ...deps, guildId: deps.settings.guildId });
  const listen = (interaction: Interaction) => void guarded(interaction);

  async function guarded(interaction: Interaction): Promise<void> {
    try {
      await route(doorway, interaction);
    } catch (error) {
      // Errors of the library carry addresses with tokens in them: only their names are written down.
      const reason = error instanceof Error ? error.name : 'unknown';
      log.error({ type: interaction.type, reason }, 'a request of Discord failed');
    }
  }

  guardPackets(client, log);
  client.on(Events.InteractionCreate, listen);
  return { stop: () => void client.off(Events.InteractionCreate, listen) };
}

async function route(doorway: Doorway, interaction: Interaction): Promise<void> {
  if (interaction.isChatInputCommand()) return onCommand(doorway, interaction);
  if (interaction.isAutocomplete()) return onAutocomplete(doorway, interaction);
  if (interaction.isButton()) return onPress(doorway, interaction);
  if (interaction.isModalSubmit()) return onSubmit(doorway, interaction);
}
