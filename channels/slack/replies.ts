import { z } from 'zod';
import type { Card, Form } from '../../src/conversation/card.ts';
import type { Reply } from '../../src/conversation/channel.ts';
import { AppError, toAppError } from '../../src/errors.ts';
import type { Logger } from '../../src/lib/logger.ts';
import type { FormMemory, Modals } from './modals.ts';
import { noticeCard } from '../shared/notices.ts';
import { type RenderedMessage, renderMessage } from './render/message.ts';
import type { PrivateMessage, ResponseUrl } from './response-url.ts';
import type { Trigger } from './triggers.ts';
import type { WebApi } from './web-api.ts';

/** More than a phone shows at once: such an answer is read in a window, where one can leaf and which goes away. */
const LONG_ANSWER_CHARACTERS = 2000;
/** Someone waits, and there is another way: neither a place in a budget nor Slack is waited for long. */
const HURRY = { timeoutMs: 3000, maxWaitMs: 2000 };
const anyAnswer = z.unknown();

/** Who is answered, and by which ways. */
export interface Asker {
  user: string;
  /** Null in App Home and in direct messages, where a message of ours is private anyway. */
  room: string | null;
  /** The thread that the person looks at. */
  shownIn: string | null;
  responseUrl: ResponseUrl | null;
  trigger: Trigger | null;
  /** The press that a form would belong to; null for what was typed. */
  pressed: FormMemory | null;
}

export interface RepliesDeps {
  web: WebApi;
  modals: Modals;
  log: Logger;
}

/**
 * Answers to one person. A long one is a window while Slack still opens one. Else the ways in turn: the response URL, an ephemeral
 * message in the room, a direct message. `private` throws when none took it, or when code was cut that nobody has seen whole.
 */
export function createReply(deps: RepliesDeps, asker: Asker): Reply {
  const { web, modals, log } = deps;

  async function tell(message: PrivateMessage): Promise<void> {
    let failure: unknown;
    for (const way of waysTo(asker, web)) {
      try {
        await way(message);
        return;
      } catch (error) {
        failure = error;
        log.info({ reason: toAppError(error).message }, 'an answer takes another way');
      }
    }
    throw failure;
  }

  async function openWindow(card: Card): Promise<boolean> {
    return asker.trigger !== null && modals.openText(asker.trigger, card);
  }

  async function show(card: Card): Promise<void> {
    const message = renderMessage(card);
    if (isForWindow(card, message, asker) && (await openWindow(card))) return;
    if (!isCut(message)) return tell(message);
    await tell(renderMessage({ ...card, warnings: [...card.warnings, howToSeeAll(asker)] }));
    if (!message.cut.code) return;
    throw new AppError('CHANNEL_TRANSIENT', 'the full text could not be shown: its window did not open');
  }

  async function ask(form: Form): Promise<void> {
    const { trigger, pressed } = asker;
    if (trigger !== null && pressed !== null && (await modals.openForm(trigger, form, pressed))) return;
    await tell(renderMessage(noticeCard(`${form.title}: the form did not open`, [formAgain(asker)])));
  }

  return { private: show, form: ask };
}

function* waysTo(asker: Asker, web: WebApi): Generator<(message: PrivateMessage) => Promise<unknown>> {
  const { user, room, shownIn, responseUrl } = asker;
  if (responseUrl?.usable() === true) yield (message) => responseUrl.post(message, shownIn);
  if (room !== null) {
    const place = { channel: room, user, ...(shownIn === null ? {} : { thread_ts: shownIn }) };
    yield (message) => web.call('chat.postEphemeral', { ...place, ...message }, anyAnswer, HURRY);
  }
  yield (message) => web.call('chat.postMessage', { channel: user, ...message }, anyAnswer, HURRY);
}

function isCut({ cut }: RenderedMessage): boolean {
  return cut.code || cut.output || cut.rest;
}

/** A window has no buttons of cards, so an answer with buttons stays a message unless it was asked for to be read. */
function isForWindow(card: Card, message: RenderedMessage, { pressed }: Asker): boolean {
  if (card.kind === 'error') return false;
  const isToRead = card.code !== null || card.output !== null;
  if (isToRead && (pressed?.button === 'view' || pressed?.button === 'logs')) return true;
  if (message.cut.code || message.cut.output) return true;
  return card.buttons.length === 0 && (isCut(message) || charactersOf(card) > LONG_ANSWER_CHARACTERS);
}

function charactersOf({ code, output, table, text }: Card): number {
  const parts = [code?.text ?? '', output?.text ?? '', ...text, ...(table ?? []).flat()];
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function howToSeeAll({ trigger }: Asker): string {
  return trigger === null
    ? 'This is cut. Press the button on the card, or use the slash command, to read all of it in a window.'
    : 'This is cut: the window for all of it did not open in time. Please ask once more.';
}

function formAgain({ pressed }: Asker): string {
  return pressed === null
    ? 'A form opens from a button only: press it on the card.'
    : 'Slack opens a form only within three seconds after the press. Please press the button again.';
}
