import { escapeLine, escapeText } from '../../src/lib/escape-text.ts';

/** A text that is safe to show, as much of it as there was room for. */
export interface FittedText {
  text: string;
  /** Characters of the whole, escaped. */
  characters: number;
  /** Characters left out; 0 when the text is whole. */
  missing: number;
}

/** Room for a text: `characters` for the platform's limit of an element, `bytes` for the message's. */
export interface Room {
  characters: number;
  bytes: number;
}

/** The end of an escape such as `\u{20` that a cut would leave behind as something else. */
const BROKEN_ESCAPE = /\\(?:x[0-9a-f]?|u(?:\{[0-9a-f]{0,6})?)?$/;

/** The head of an escaped text; it never ends inside a character or an escape. */
export function fitText(text: string, room: Room): FittedText {
  return head(escapeText(text), room);
}

/** Like {@link fitText} on one line. */
export function fitLine(text: string, room: Room): FittedText {
  return head(escapeLine(text), room);
}

/** Like {@link fitText}, and keeps the end instead: the newest of what is still growing. */
export function fitTail(text: string, room: Room): FittedText {
  const escaped = escapeText(text);
  let { characters, bytes } = room;
  let start = escaped.length;
  while (start > 0) {
    const low = /[\udc00-\udfff]/.test(escaped[start - 1] ?? '');
    const before = start - (low ? 2 : 1);
    const character = escaped.slice(before, start);
    characters -= character.length;
    bytes -= bytesOf(character);
    if (characters < 0 || bytes < 0) break;
    start = before;
  }
  return { text: escaped.slice(start), characters: escaped.length, missing: start };
}

/** One line that fits and, when it was cut, ends with an ellipsis; a dash stands for nothing, which platforms refuse. */
export function shortLine(text: string, characters: number): string {
  const room = { characters, bytes: Number.POSITIVE_INFINITY };
  const whole = fitLine(text.slice(0, characters * 2), room);
  if (whole.missing === 0 && text.length <= characters * 2)
    return whole.text.trim() === '' ? '-' : whole.text;
  return `${fitLine(whole.text, { ...room, characters: characters - 1 }).text}…`;
}

/** Bytes of a text inside JSON. The text is escaped, so it holds no control characters but newline and tab. */
export function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}

/** {@link jsonBytes} of one character. */
function bytesOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return '"\\\n\t'.includes(character) ? 2 : 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

function head(escaped: string, room: Room): FittedText {
  let { characters, bytes } = room;
  if (escaped.length <= characters && jsonBytes(escaped) <= bytes) {
    return { text: escaped, characters: escaped.length, missing: 0 };
  }
  let end = 0;
  for (const character of escaped) {
    characters -= character.length;
    bytes -= bytesOf(character);
    if (characters < 0 || bytes < 0) break;
    end += character.length;
  }
  const text = escaped.slice(0, end).replace(BROKEN_ESCAPE, '');
  return { text, characters: escaped.length, missing: escaped.length - text.length };
}
