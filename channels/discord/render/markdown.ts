import { escapeText } from '../../../src/lib/escape-text.ts';
import { type FittedText, fitText, shortLine } from '../../shared/fit.ts';

/**
 * The only makers of text in this channel. Discord reads every text but footers and labels as Markdown, so what is shown is either
 * escaped mark by mark or stands in a code block that nothing in it can end.
 */

/** Every mark that begins or ends something in Discord's Markdown: formats, links, mentions, timestamps, emoji, invites. */
const MARKS = /[\\`*_~|<>@#[\]:/]/g;
/** What makes a line an item of a list. */
const ITEM = /^(\s*)([-+]|\d+(?=[.)]))/gm;

/** A text that is shown as it is. It is escaped for control characters already. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(MARKS, '\\$&')
    .replace(ITEM, (_, space: string, mark: string) =>
      /\d/.test(mark) ? `${space}${mark}\\` : `${space}\\${mark}`,
    );
}

/** One line of at most `characters`, escapes included; it ends with an ellipsis when it was cut. */
export function words(text: string, characters: number): string {
  let length = characters;
  let shown = escapeMarkdown(shortLine(text, length));
  while (shown.length > characters && length > 1) {
    length -= Math.max(1, Math.floor((shown.length - characters) / 2));
    shown = escapeMarkdown(shortLine(text, length));
  }
  return shown;
}

/** {@link words} in bold. */
export function strong(text: string, characters: number): string {
  return `**${words(text, characters - 4)}**`;
}

const OPEN = '```\n';
const CLOSE = '\n```';

/**
 * A code block of at most `room` characters, with as much of the text as fits. Three backticks would end it, so every third in a row is
 * written out. Text that is blank makes no block: `text` is empty then.
 */
export function codeBlock(text: string, room: number, fit = fitText): FittedText {
  const shown = fitEncoded(text, room - OPEN.length - CLOSE.length, writeOut, fit);
  return { ...shown, text: shown.text.trim() === '' ? '' : `${OPEN}${shown.text}${CLOSE}` };
}

/** Lines of at most `room` characters, escapes included. */
export function paragraph(text: string, room: number): FittedText {
  return fitEncoded(text, room, escapeMarkdown, fitText);
}

/** Characters of a text in a block, the block's own not counted. */
export function charactersInBlock(text: string): number {
  return writeOut(escapeText(text)).length;
}

function writeOut(text: string): string {
  return text.replaceAll('```', '``\\x60');
}

/** The most of a text whose encoding has `room`. */
function fitEncoded(
  text: string,
  room: number,
  encode: (text: string) => string,
  fit: typeof fitText,
): FittedText {
  const unlimited = Number.POSITIVE_INFINITY;
  let least = 0;
  let most = Math.max(0, room);
  let best = fit(text, { characters: most, bytes: unlimited });
  if (encode(best.text).length <= room) return { ...best, text: encode(best.text) };
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    best = fit(text, { characters: middle, bytes: unlimited });
    if (encode(best.text).length <= room) least = middle;
    else most = middle - 1;
  }
  best = fit(text, { characters: least, bytes: unlimited });
  return { ...best, text: encode(best.text) };
}
