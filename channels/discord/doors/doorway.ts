import type { BaseInteraction } from 'discord.js';
import type { Inbox, RequestOrigin } from '../../../src/conversation/channel.ts';
import type { Clock } from '../../../src/lib/clock.ts';
import type { Logger } from '../../../src/lib/logger.ts';
import type { CommandShape } from '../../../src/model/command-shape.ts';
import type { ThreadRef } from '../../../src/model/thread.ts';
import { type Incoming, takeIn } from '../acknowledge.ts';
import { discordPrincipal, displayNameOf, heldRoles } from '../identity.ts';
import { noticeCard } from '../../shared/notices.ts';
import type { PressedButton } from '../render/buttons.ts';
import { type Answerable, createExchange, type Exchange, type FirstAnswer } from '../replies.ts';

export interface DoorwayDeps {
  inbox: Inbox;
  /** The server that the installation is for; null = every one that the bot is in. */
  guildId: string | null;
  /** The roles that `airlock.yaml` names now. */
  groups: () => readonly string[];
  commands: () => readonly CommandShape[];
  clock: Clock;
  log: Logger;
}

/** What every way in needs. */
export interface Doorway {
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly log: Logger;
  commands(): readonly CommandShape[];
  /**
   * False outside of a server, in one that the installation is not for, and in one that the bot is not in: there somebody has the app for
   * themselves alone.
   */
  isOurs(interaction: BaseInteraction): boolean;
  originOf(interaction: BaseInteraction, thread: ThreadRef): RequestOrigin;
  exchangeWith(interaction: Answerable, first: FirstAnswer, pressed?: PressedButton): Exchange;
  /** Answers at once that nothing is done, and why. Never throws. */
  refuse(interaction: Answerable, title: string, text: readonly string[]): Promise<void>;
  /** Into the inbox, and answered in time. Never throws. */
  take(incoming: Incoming): Promise<void>;
}

export function createDoorway(deps: DoorwayDeps): Doorway {
  const { inbox, guildId, groups, commands, clock, log } = deps;
  const exchangeWith = (interaction: Answerable, first: FirstAnswer, pressed?: PressedButton) =>
    createExchange(interaction, first, { pressed: pressed ?? null, clock, log });

  return {
    inbox,
    clock,
    log,
    commands,
    isOurs: ({ guildId: here, client }) =>
      here !== null && (guildId === null ? client.guilds.cache.has(here) : here === guildId),
    originOf: (interaction, thread) => ({
      deliveryId: interaction.id,
      principal: discordPrincipal(interaction.user.id),
      displayName: displayNameOf(interaction),
      groups: heldRoles(interaction, groups()),
      thread,
    }),
    exchangeWith,
    async refuse(interaction, title, text) {
      try {
        await exchangeWith(interaction, 'private').reply.private(noticeCard(title, text));
      } catch (error) {
        log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'a refusal was not given');
      }
    },
    take: (incoming) => takeIn(incoming, { clock, log }),
  };
}

/** Said where nothing can be done for somebody. */
export const NOT_HERE = [
  'Use me in our server',
  ['What I do is shown in a channel or a thread of the server that I am set up for. Here nothing was done.'],
] as const;

/** Said where Discord does not tell which channel a thread is of. */
export const NO_PLACE = noticeCard('I could not find out where this is, so nothing was done', [
  'Please ask again, or ask in the channel.',
]);
