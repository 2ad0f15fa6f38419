import {
  type ButtonInteraction,
  type ChatInputCommandInteraction,
  MessageFlags,
  type ModalSubmitInteraction,
} from 'discord.js';
import type { Card, Form } from '../../src/conversation/card.ts';
import type { Reply } from '../../src/conversation/channel.ts';
import { AppError } from '../../src/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { noticeCard } from '../shared/notices.ts';
import { discordCodeOf, toChannelError } from './errors.ts';
import { formWindow } from './modals.ts';
import { privateMessage } from './private-message.ts';
import type { PressedButton } from './render/buttons.ts';

/** What can be answered with messages. */
export type Answerable = ChatInputCommandInteraction | ButtonInteraction | ModalSubmitInteraction;

/**
 * The first answer, which fixes who sees it: "thinking" for the asker alone or for everybody, nothing that can be seen (a press on a
 * message), or a form, which cannot come after any of these.
 */
export type FirstAnswer = 'private' | 'public' | 'unseen' | 'form';

/** The answers to one interaction: the first one, and what follows by its token, which lives for fifteen minutes. */
export interface Exchange {
  reply: Reply;
  /** Gives the first answer unless it was given. Never throws: Discord told the asker by itself that we did not respond. */
  acknowledge(): Promise<void>;
  /** Until the first answer should be on its way; milliseconds. */
  leftMs(): number;
  /** Takes "thinking" away where nothing has come in its place. Never throws. */
  finish(): Promise<void>;
}

/** Codes of Discord. */
const UNKNOWN_MESSAGE = 10008;
const TOO_LATE = 10062;
const ANSWERED_ALREADY = 40060;
/** Discord waits three seconds, counted from the act; what the way of our answer takes is not known. */
const FIRST_ANSWER_MS = 2000;
/** What comes late has less, but a store that works has answered by then. */
const LEAST_MS = 500;
/** The token lives for fifteen minutes; what the way there takes is not known. */
const TOKEN_MS = 14.5 * 60_000;

/** `first` is not given yet; `thinking` waits to be replaced; `open` takes what follows; `lost` takes nothing. */
type State = 'first' | 'thinking' | 'open' | 'lost';

export function createExchange(
  interaction: Answerable,
  first: FirstAnswer,
  { pressed, clock, log }: { pressed: PressedButton | null; clock: Clock; log: Logger },
): Exchange {
  const received = clock.monotonic();
  const answerBy = received + firstAnswerWithinMs(clock.now() - interaction.createdTimestamp);
  const until = received + TOKEN_MS;
  let state: State = 'first';
  let last: Promise<unknown> = Promise.resolve();

  /** One after the other: there is one first answer. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  }

  async function giveFirst(): Promise<void> {
    if (state !== 'first') return;
    try {
      await asFirst(defer);
      state = canUpdate(interaction) && first !== 'private' && first !== 'public' ? 'open' : 'thinking';
    } catch (error) {
      state = 'lost';
      log.warn({ reason: asChannelError(error).message, first }, 'a first answer did not reach Discord');
    }
  }

  /** Where Discord did not say whether it has the answer, it is asked again: "somebody has answered" means that it has. */
  async function asFirst(give: () => Promise<unknown>): Promise<void> {
    try {
      await give();
    } catch (error) {
      if (asChannelError(error).code !== 'CHANNEL_TRANSIENT') throw lostBy(error);
      try {
        await give();
      } catch (second) {
        if (discordCodeOf(second) !== ANSWERED_ALREADY) throw lostBy(second);
        // The library goes by its own book.
        interaction.deferred = true;
      }
    }
  }

  /** Nothing can follow where there is no first answer of ours. */
  function lostBy(error: unknown): unknown {
    const code = discordCodeOf(error);
    if (code === TOO_LATE || code === ANSWERED_ALREADY) state = 'lost';
    return error;
  }

  async function defer(): Promise<void> {
    if (first === 'public') await interaction.deferReply();
    else if (first === 'private' || !canUpdate(interaction)) {
      await interaction.deferReply({ flags: MessageFlags.Ephemeral });
    } else await interaction.deferUpdate();
  }

  async function say(card: Card): Promise<void> {
    const message = privateMessage(card);
    if (state === 'lost' || clock.monotonic() > until)
      throw new AppError('CHANNEL_TRANSIENT', 'the asker cannot be answered any more');
    if (state === 'thinking' && first === 'public') await takeAway();
    const unseen = { ...message, flags: MessageFlags.Ephemeral } as const;
    if (state === 'first') await asFirst(() => interaction.reply(unseen));
    else if (state === 'thinking') await interaction.editReply(message);
    else await interaction.followUp(unseen);
    state = 'open';
  }

  /** Before anything private follows: what follows "thinking" takes its place, and everybody would see it. */
  async function takeAway(): Promise<void> {
    try {
      await interaction.deleteReply();
    } catch (error) {
      if (discordCodeOf(error) !== UNKNOWN_MESSAGE) throw error;
    }
    state = 'open';
  }

  async function ask(form: Form): Promise<void> {
    if (state !== 'first' || pressed === null || !('showModal' in interaction)) {
      return say(noticeCard(`${form.title}: the form did not open`, [formAgain(pressed)]));
    }
    try {
      await asFirst(() => interaction.showModal(formWindow(form, pressed)));
      state = 'open';
    } catch (error) {
      if (state !== 'first' || asChannelError(error).code === 'CHANNEL_TRANSIENT') throw error;
      log.error({ reason: asChannelError(error).message }, 'Discord did not take a form');
      await say(noticeCard(`${form.title}: the form did not open`, [NO_FORM]));
    }
  }

  return {
    reply: {
      private: (card) => inTurn(() => withoutSecrets(say(card))),
      form: (form) => inTurn(() => withoutSecrets(ask(form))),
    },
    acknowledge: () => inTurn(giveFirst),
    leftMs: () => Math.max(0, answerBy - clock.monotonic()),
    async finish() {
      try {
        await inTurn(async () => {
          if (state === 'first') await giveFirst();
          if (state === 'thinking' && clock.monotonic() <= until) await takeAway();
        });
      } catch (error) {
        log.info({ reason: asChannelError(error).message }, '"thinking" could not be taken away');
      }
    },
  };
}

/** By the clocks of Discord and of this host, which may differ: an age that cannot be is not believed. */
function firstAnswerWithinMs(ageMs: number): number {
  if (ageMs < 0 || ageMs > 3000) return FIRST_ANSWER_MS;
  return Math.max(LEAST_MS, FIRST_ANSWER_MS - ageMs);
}

function canUpdate(
  interaction: Answerable,
): interaction is ButtonInteraction | (ModalSubmitInteraction & { message: object }) {
  return 'message' in interaction && interaction.message !== null;
}

/** Errors of the library carry the address, and the token of an interaction is in it. */
function asChannelError(error: unknown): AppError {
  return toChannelError(error, 'an answer');
}

async function withoutSecrets(answering: Promise<void>): Promise<void> {
  try {
    await answering;
  } catch (error) {
    throw asChannelError(error);
  }
}

function formAgain(pressed: PressedButton | null): string {
  return pressed === null
    ? 'A form opens from a button only: press it on the card.'
    : 'Discord opens a form only within three seconds after the press. Please press the button again.';
}

const NO_FORM = 'Discord did not take its form. Nothing was done: please use the slash command instead.';
