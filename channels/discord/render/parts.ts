import type { Card } from '../../../src/conversation/card.ts';
import { escapeLine } from '../../../src/lib/escape-text.ts';
import { fitTail, fitText } from '../../shared/fit.ts';
import { andMore, notShown, sizeOfCode, sizeOfOutput } from '../../shared/part-words.ts';
import { tableText } from '../../shared/table-text.ts';
import { timelineText } from '../../shared/timeline.ts';
import { MARKS, markOf } from '../../shared/words.ts';
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
export function codePart({ code }: Card, room: number, whereWhole: string | null): Part {
  if (code === null) return NONE;
  const label = strong(code.label, LABEL_CHARACTERS);
  const escaped = fitText(code.text, { characters: UNLIMITED, bytes: UNLIMITED });
  if (escaped.text.trim() === '') return { text: `${label}: (empty)`, cut: false };
  const title = `${label}${sizeOfCode(code.text, escaped.characters)}\n`;
  const whole = codeBlock(code.text, room - title.length);
  if (whole.missing === 0 && escaped.characters <= DISCORD_LIMITS.codeCharacters) {
    return { text: `${title}${whole.text}`, cut: false };
  }
  const head = fitText(code.text, { characters: DISCORD_LIMITS.codeCharacters, bytes: UNLIMITED });
  const some = codeBlock(head.text, room - title.length - NOTICE_CHARACTERS);
  const missing = escaped.characters - (some.characters - some.missing);
  const notice = `\n${MARKS.warning} **${notShown(missing, escaped.characters)}**.${after(whereWhole)}`;
  return { text: `${title}${some.text}${notice}`, cut: true };
}

/** The newest of what is still growing, the head of what has ended. */
export function outputPart({ kind, output }: Card, room: number, whereWhole: string | null): Part {
  if (output === null || output.text === '') return NONE;
  // Most output ends its last line; shown, that is an empty one.
  const text = output.text.replace(/\n+$/, '');
  const fit = output.live ? fitTail : fitText;
  // The line that says what a card left out in the middle comes on top.
  const kept = fit(text, { characters: DISCORD_LIMITS.outputCharacters + 100, bytes: UNLIMITED });
  const shown = codeBlock(kept.text, room - NOTICE_CHARACTERS, fit);
  const missing = kept.missing + shown.missing;
  const cut = missing > 0;
  const blank = shown.text === '' && !cut ? ': (blank)' : '';
  // An action that has ended: what its card may not show goes into the thread.
  const whole = kind === 'action' && !output.live ? after(whereWhole) : '';
  const notice = cut ? `${notShown(missing, kept.characters)}.${whole}` : '';
  return { text: joined([`**Output**${sizeOfOutput(output, missing)}${blank}`, shown.text, notice]), cut };
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
  return { text: joined([...shown, andMore(missing)]), cut: missing > 0 };
}

/** The last steps, for a footer: there is no Markdown in one. */
export function timelinePart({ timeline }: Card, room: number): Part {
  const text = timelineText(timeline, { characters: room, bytes: UNLIMITED });
  return { text: text ?? '', cut: text === null && timeline.length > 0 };
}

function after(sentence: string | null): string {
  return sentence === null ? '' : ` ${sentence}`;
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
  return {
    text: joined([...lines, andMore(missing, what)]),
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
