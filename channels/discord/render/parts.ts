import { count, formatBytes } from '../../../src/lib/format.ts';
import type { Card } from '../../../src/conversation/card.ts';
import { escapeLine } from '../../../src/lib/escape-text.ts';
import { fitTail, fitText, shortLine } from '../../shared/fit.ts';
import { tableText } from '../../shared/table-text.ts';
import { figure, MARKS, markOf, timeOf } from '../../shared/words.ts';
import { DISCORD_LIMITS } from './limits.ts';
import { codeBlock, escapeMarkdown, paragraph, strong, words } from './markdown.ts';

/** One part of a card within its room, and whether something of it found none. Empty when the card has none of it. */
export interface Part {
  text: string;
  cut: boolean;
}

/** The longest headline, escapes included. */
export const HEADLINE_CHARACTERS = 470;
const TITLE_CHARACTERS = 310;
const STATE_CHARACTERS = 140;
const LABEL_CHARACTERS = 80;
const VALUE_CHARACTERS = 500;
/** Code that is longer says its size. */
const LONG_CODE_LINES = 8;
const LONG_CODE_CHARACTERS = 500;
const MAX_STEPS = 6;
/** A reason of a denial whole, with who gave it. */
const STEP_CHARACTERS = 700;
/** What a part says about itself: what is missing, and how large it is. */
const NOTICE_CHARACTERS = 160;
const UNLIMITED = Number.POSITIVE_INFINITY;
const NONE: Part = { text: '', cut: false };

/** What a card is about and how it stands. */
export function headline(card: Card): Part {
  const { title, state } = card;
  const shown = strong(title, TITLE_CHARACTERS);
  const stands = state === null ? '' : ` · ${words(state.label, STATE_CHARACTERS)}`;
  return { text: `${markOf(card)} ${shown}${stands}`, cut: shown.endsWith('…**') };
}

/** What is decided on, first of all. */
export function codePart({ code }: Card, room: number): Part {
  if (code === null) return NONE;
  const label = strong(code.label, LABEL_CHARACTERS);
  const escaped = fitText(code.text, { characters: UNLIMITED, bytes: UNLIMITED });
  if (escaped.text.trim() === '') return { text: `${label}: (empty)`, cut: false };
  const lines = code.text.split('\n').length;
  const long = lines > LONG_CODE_LINES || escaped.characters > LONG_CODE_CHARACTERS;
  const size = long ? ` (${count(lines, 'line')}, ${figure(escaped.characters)} characters)` : '';
  const title = `${label}${size}\n`;
  const whole = codeBlock(code.text, room - title.length);
  if (whole.missing === 0 && escaped.characters <= DISCORD_LIMITS.codeCharacters) {
    return { text: `${title}${whole.text}`, cut: false };
  }
  const head = fitText(code.text, { characters: DISCORD_LIMITS.codeCharacters, bytes: UNLIMITED });
  const some = codeBlock(head.text, room - title.length - NOTICE_CHARACTERS);
  const missing = escaped.characters - (some.characters - some.missing);
  const notice = `\n${MARKS.warning} **${figure(missing)} of ${figure(escaped.characters)} characters are not shown**. The file in the thread and View full have the whole.`;
  return { text: `${title}${some.text}${notice}`, cut: true };
}

/** The newest of what is still growing, the head of what has ended. */
export function outputPart({ output }: Card, room: number): Part {
  if (output === null || output.text === '') return NONE;
  const text = output.live ? output.text : output.text.replace(/\n+$/, '');
  const fit = output.live ? fitTail : fitText;
  // The line that says what a card left out in the middle comes on top.
  const kept = fit(text, { characters: DISCORD_LIMITS.outputCharacters + 100, bytes: UNLIMITED });
  const shown = codeBlock(kept.text, room - NOTICE_CHARACTERS, fit);
  const missing = kept.missing + shown.missing;
  const tail = output.live && (output.fromByte > 0 || missing > 0);
  const size = tail
    ? ` (so far ${formatBytes(output.totalBytes)}; the end of it)`
    : output.live
      ? ' (so far)'
      : '';
  const cut = missing > 0;
  const blank = shown.text === '' && !cut ? ': (blank)' : '';
  const notice = cut
    ? `${figure(missing)} of ${figure(kept.characters)} characters are not shown. The file in the thread and View full have the whole.`
    : '';
  return { text: joined([`**Output**${size}${blank}`, shown.text, notice]), cut };
}

/** Warnings, beside a bar. */
export function warningsPart({ warnings }: Card, room: number): Part {
  return linesPart(warnings, room, 'warning', (text) => ({
    text: `> ${MARKS.warning} ${strong(text, VALUE_CHARACTERS)}`,
    cut: isLong(text),
  }));
}

/** Paragraphs. They may have several lines, so they are cut inside. */
export function textPart({ text }: Card, room: number): Part {
  const shown: string[] = [];
  let left = room;
  for (const one of text) {
    const fitted = paragraph(one, left - 2);
    if (fitted.text.trim() !== '') shown.push(fitted.missing === 0 ? fitted.text : `${fitted.text}…`);
    left -= fitted.text.length + 3;
    if (fitted.missing > 0) return { text: shown.join('\n'), cut: true };
  }
  return { text: shown.join('\n'), cut: false };
}

/** A line each: label and value keep together on a phone. */
export function fieldsPart({ fields }: Card, room: number): Part {
  return linesPart(fields, room, 'field', ({ label, value }) => ({
    text: `${strong(label, LABEL_CHARACTERS)}  ${words(value, VALUE_CHARACTERS)}`,
    cut: isLong(value),
  }));
}

export function tablePart({ table }: Card, room: number): Part {
  if (table === null) return NONE;
  const { columns, rows, count: all } = tableText(table);
  if (columns !== null) {
    const block = codeBlock(columns, room);
    if (block.missing === 0) return { text: block.text, cut: false };
  }
  const lines = rows.map(({ first, facts }) => `**${escapeMarkdown(first)}**${escapeMarkdown(facts)}`);
  const shown = taken(lines, room);
  const missing = all - shown.length;
  return { text: joined([...shown, missing === 0 ? '' : `and ${figure(missing)} more`]), cut: missing > 0 };
}

/** The last steps, for a footer: there is no Markdown in one. */
export function timelinePart({ timeline }: Card, room: number): Part {
  const steps: string[] = [];
  let left = room - NOTICE_CHARACTERS;
  for (const step of timeline.toReversed()) {
    const line = shortLine(step.label, STEP_CHARACTERS);
    left -= line.length + 30;
    if (left < 0 || steps.length >= MAX_STEPS) break;
    steps.unshift(line);
  }
  const missing = timeline.length - steps.length;
  if (steps.length === 0) return { text: '', cut: missing > 0 };
  const shown = timeline.slice(missing);
  const lines = steps.map((line, at) => `${timeOf(shown[at]?.at ?? 0, shown[at - 1]?.at ?? null)} ${line}`);
  const before = missing === 0 ? [] : [`${figure(missing)} earlier`];
  const text = [...before, ...lines].join(steps.some((line) => line.includes(' ')) ? '\n' : ' → ');
  return { text: `${text} (UTC)`, cut: false };
}

/** What is there, a line each. */
export function joined(lines: readonly string[]): string {
  return lines.filter((line) => line !== '').join('\n');
}

/** Shown with an ellipsis at its end. */
function isLong(value: string): boolean {
  return escapeMarkdown(escapeLine(value.slice(0, VALUE_CHARACTERS + 1))).length > VALUE_CHARACTERS - 4;
}

function linesPart<T>(items: readonly T[], room: number, what: string, render: (item: T) => Part): Part {
  const parts = items.slice(0, 100).map(render);
  const lines = taken(
    parts.map(({ text }) => text),
    room,
  );
  const missing = items.length - lines.length;
  const more = missing === 0 ? '' : `and ${figure(missing)} more ${what}${missing === 1 ? '' : 's'}`;
  return {
    text: joined([...lines, more]),
    cut: missing > 0 || parts.slice(0, lines.length).some(({ cut }) => cut),
  };
}

/** As many lines as fit, with a line to spare that says how many did not. */
function taken(lines: readonly string[], room: number): string[] {
  let left = room - 40;
  const tooLong = lines.findIndex((line) => {
    left -= line.length + 1;
    return left < 0;
  });
  return tooLong === -1 ? [...lines] : lines.slice(0, tooLong);
}
