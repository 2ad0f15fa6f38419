import type { KeptText } from '../../agents/types.ts';
import { escapeText } from '../../lib/escape-text.ts';
import type { LiveOutput } from '../../orchestrator/types.ts';
import type { CardOutput } from '../card.ts';
import type { ChannelLimits } from '../channel.ts';

/** Of finished output on a card of a platform, so that a phone shows the card and not a scroll of short lines. */
export const MAX_OUTPUT_LINES = 40;
/** Of output that grows: each edit moves what stands below it. */
const MAX_LIVE_LINES = 20;

/** How much a channel shows on one card; characters. Its `limits` have it. */
export type CardRoom = Pick<ChannelLimits, 'outputCharacters' | 'codeCharacters'>;

/**
 * True where a card may leave out some of a finished output, so that all of it has to be had in another way. Counted is what is shown,
 * with invisible characters escaped; and together with the code as a message has it, since platforms limit that too.
 */
export function isOutputCut(output: string, code: string, room: CardRoom): boolean {
  const shown = asShown(output, room);
  if (shown.length > room.outputCharacters || withFewLines(shown, room) !== shown) return true;
  return weightOf(shown) + weightOf(escapeText(code)) > room.outputCharacters + room.codeCharacters;
}

/** What was kept of a finished command: its head and tail when the card has not room for all of it. */
export function finishedOutput(kept: KeptText, room: CardRoom): CardOutput {
  const whole = asShown(kept.text, room);
  const { text } = headAndTail(withFewLines(whole, room), room.outputCharacters);
  return {
    text: escapeText(text),
    totalBytes: kept.totalBytes,
    fromByte: 0,
    truncated: kept.truncated || text !== whole,
    live: false,
  };
}

/** The tail of a running command, as much as the card has room for, begun and ended at whole characters. */
export function runningOutput(output: LiveOutput, room: CardRoom): CardOutput {
  const whole = wholeCharacters(output.tail);
  const decoded = new TextDecoder('utf-8', { ignoreBOM: true }).decode(whole.bytes);
  const text = lastLines(tailShownIn(decoded, room.outputCharacters), room);
  const dropped = Buffer.byteLength(decoded.slice(0, decoded.length - text.length));
  const fromByte = Math.max(0, output.totalBytes - output.tail.byteLength) + whole.skipped + dropped;
  return {
    text: escapeText(text),
    totalBytes: output.totalBytes,
    fromByte,
    truncated: fromByte > 0,
    live: true,
  };
}

/**
 * The first and last half of a long text with a line that says what is missing between. Whole lines, where the line that would be parted
 * takes less than half of its piece.
 */
export function headAndTail(text: string, characters: number): { text: string; cut: boolean } {
  if (text.length <= characters) return { text, cut: false };
  const half = Math.max(1, Math.floor(characters / 2));
  const head = untilLineEnd(text.slice(0, half).replace(/[\ud800-\udbff]$/, ''));
  const tail = fromLineStart(text.slice(-half).replace(/^[\udc00-\udfff]/, ''));
  const missing = text.length - head.length - tail.length;
  return { text: `${head}\n… ${missing} characters left out …\n${tail}`, cut: true };
}

function untilLineEnd(text: string): string {
  const end = text.lastIndexOf('\n');
  return end < text.length / 2 ? text : text.slice(0, end);
}

function fromLineStart(text: string): string {
  const start = text.indexOf('\n') + 1;
  return start === 0 || start > text.length / 2 ? text : text.slice(start);
}

/** The first and last lines of a text that has many, with a line that says how many are missing between. */
function withFewLines(text: string, { codeCharacters }: CardRoom): string {
  if (!Number.isFinite(codeCharacters)) return text;
  const lines = text.replace(/\n$/, '').split('\n');
  if (lines.length <= MAX_OUTPUT_LINES) return text;
  const half = MAX_OUTPUT_LINES / 2;
  const missing = lines.length - MAX_OUTPUT_LINES;
  return [...lines.slice(0, half), `… ${missing} lines left out …`, ...lines.slice(-half)].join('\n');
}

function lastLines(text: string, { codeCharacters }: CardRoom): string {
  if (!Number.isFinite(codeCharacters)) return text;
  const end = text.endsWith('\n') ? 1 : 0;
  return text
    .split('\n')
    .slice(-MAX_LIVE_LINES - end)
    .join('\n');
}

/** A channel that shows any code whole has no limit of a platform: what escapes make longer is cut by nobody. */
function asShown(text: string, { codeCharacters }: CardRoom): string {
  return Number.isFinite(codeCharacters) ? escapeText(text) : text;
}

/** The longest end of a text that takes at most so many characters once it is escaped. */
function tailShownIn(text: string, characters: number): string {
  if (escapeText(text).length <= characters) return text;
  let start = text.length;
  for (let left = characters; start > 0; ) {
    const low = /[\udc00-\udfff]/.test(text[start - 1] ?? '');
    const before = Math.max(0, start - (low ? 2 : 1));
    left -= escapeText(text.slice(before, start)).length;
    if (left < 0) break;
    start = before;
  }
  return text.slice(start);
}

/** The most that a text takes in a message: its bytes in JSON, and every three backticks written out, since they would end a block. */
function weightOf(text: string): number {
  const fences = text.split('```').length - 1;
  return Buffer.byteLength(JSON.stringify(text)) - 2 + 3 * fences;
}

/** A tail may begin and a live one end inside a character of several bytes. */
function wholeCharacters(bytes: Uint8Array): { bytes: Uint8Array; skipped: number } {
  let start = 0;
  while (start < 3 && start < bytes.length && isContinuation(bytes[start] ?? 0)) start += 1;
  let lead = bytes.length - 1;
  while (lead > start && bytes.length - lead < 4 && isContinuation(bytes[lead] ?? 0)) lead -= 1;
  const complete = lead < start || lead + lengthByLead(bytes[lead] ?? 0) <= bytes.length;
  return { bytes: bytes.subarray(start, complete ? bytes.length : lead), skipped: start };
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

function lengthByLead(byte: number): number {
  if (byte >= 0xf0) return 4;
  if (byte >= 0xe0) return 3;
  return byte >= 0xc0 ? 2 : 1;
}
