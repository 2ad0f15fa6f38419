import type { KeptText } from '../../agents/types.ts';
import { escapeText } from '../../lib/escape-text.ts';
import type { LiveOutput } from '../../orchestrator/types.ts';
import type { CardOutput } from '../card.ts';

/** What was kept of a finished command: its head and tail when the card has room for `characters` only. */
export function finishedOutput(kept: KeptText, characters: number): CardOutput {
  const { text, cut } = headAndTail(kept.text, characters);
  return {
    text: escapeText(text),
    totalBytes: kept.totalBytes,
    fromByte: 0,
    truncated: kept.truncated || cut,
    live: false,
  };
}

/** The tail of a running command, at most `characters`, begun and ended at whole characters. */
export function runningOutput(output: LiveOutput, characters: number): CardOutput {
  const whole = wholeCharacters(output.tail);
  const decoded = new TextDecoder('utf-8', { ignoreBOM: true }).decode(whole.bytes);
  const text =
    decoded.length > characters ? decoded.slice(-characters).replace(/^[\udc00-\udfff]/, '') : decoded;
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

/** The first and last half of a long text with a line that says what is missing between. */
export function headAndTail(text: string, characters: number): { text: string; cut: boolean } {
  if (text.length <= characters) return { text, cut: false };
  const half = Math.max(1, Math.floor(characters / 2));
  const head = text.slice(0, half).replace(/[\ud800-\udbff]$/, '');
  const tail = text.slice(-half).replace(/^[\udc00-\udfff]/, '');
  const missing = text.length - head.length - tail.length;
  return { text: `${head}\n… ${missing} characters left out …\n${tail}`, cut: true };
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
