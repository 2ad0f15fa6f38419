import { escapeLine } from '../../../src/lib/escape-text.ts';
import type { Card } from '../../../src/conversation/card.ts';
import type { KnownBlock } from './block-kit.ts';
import {
  type Line,
  paragraph,
  plain,
  plainLines,
  preformatted,
  quoted,
  richText,
  strong,
  word,
} from './elements.ts';
import { fitTail, fitText, jsonBytes, shortLine } from '../../shared/fit.ts';
import { andMore, notShown, sizeOfCode, sizeOfOutput, WHERE_WHOLE } from '../../shared/part-words.ts';
import { timelineText } from '../../shared/timeline.ts';
import { MARKS, markOf } from '../../shared/words.ts';
import { SLACK_LIMITS } from './limits.ts';
import { tableElements } from './table.ts';

/** One part of a card within `room` (as `weigh` counts), and whether something of it found none. */
export interface Part {
  blocks: KnownBlock[];
  cut: boolean;
}

/** JSON around the texts of a part: its block, its elements, what it says of a cut. */
const FRAME = 700;
/** JSON around one line of a part. */
const LINE_BYTES = 110;
/** A title that is a sentence; headers are shorter. */
const SENTENCE_CHARACTERS = 300;
const STATE_CHARACTERS = 150;
const LABEL_CHARACTERS = 60;
const VALUE_CHARACTERS = 400;
/** More than any card has; every block costs. */
const MAX_PARAGRAPHS = 8;
/** Of all steps: a context takes 3,000. */
const STEPS_CHARACTERS = 2800;
const NONE: Part = { blocks: [], cut: false };

/** What a card is about and how it stands. Agents, actions and lists get a headline, notices and errors are sentences. */
export function titlePart({ kind, title, state }: Card): Part {
  const mark = markOf({ kind, state });
  const label = state === null ? null : shortLine(state.label, STATE_CHARACTERS);
  if (kind === 'notice' || kind === 'error') {
    const sentence = shortLine(title, SENTENCE_CHARACTERS);
    // A mark without a word means nothing.
    const before = label === null && kind === 'notice' ? '' : `${mark} `;
    const said: Line = [word(before), strong(sentence), word(label === null ? '' : ` · ${label}`)];
    return { blocks: [richText(paragraph(said))], cut: sentence.endsWith('…') };
  }
  const header = plain(title, SLACK_LIMITS.headerCharacters);
  const stands = label === null ? [] : [richText(paragraph([word(`${mark} `), strong(label)]))];
  return { blocks: [{ type: 'header', text: header }, ...stands], cut: header.text.endsWith('…') };
}

/** Above everything else that is long, so that nothing pushes it out of sight. */
export function codePart({ code }: Card, room: number): Part {
  if (code === null) return NONE;
  const characters = SLACK_LIMITS.codeCharacters;
  const shown = fitText(code.text, { characters, bytes: room - FRAME });
  const label = shortLine(code.label, LABEL_CHARACTERS);
  if (shown.text.trim() === '' && shown.missing === 0) {
    return { blocks: [richText(paragraph([strong(label), word(': (empty)')]))], cut: false };
  }
  const cut = shown.missing > 0;
  const notice: Line = [
    strong(`${MARKS.warning} ${notShown(shown.missing, shown.characters)}`),
    word(`. ${WHERE_WHOLE}`),
  ];
  return {
    blocks: [
      richText(
        paragraph([strong(label), word(sizeOfCode(code.text, shown.characters))]),
        preformatted(shown.text),
        ...(cut ? [paragraph(notice)] : []),
      ),
    ],
    cut,
  };
}

/** The newest of what is still growing, the head of what has ended. */
export function outputPart({ kind, output }: Card, room: number): Part {
  if (output === null || output.text === '') return NONE;
  // The line that says what a card left out in the middle comes on top.
  const fit = { characters: SLACK_LIMITS.outputCharacters + 100, bytes: room - FRAME };
  const shown = output.live ? fitTail(output.text, fit) : fitText(output.text, fit);
  // An action that has ended: what its card may not show goes into the thread.
  const attached = kind === 'action' && !output.live;
  const whole = attached ? ` ${WHERE_WHOLE}` : '';
  const notice =
    shown.missing === 0 ? [] : [paragraph([word(`${notShown(shown.missing, shown.characters)}.${whole}`)])];
  const size = sizeOfOutput(output, shown.missing);
  // Most output ends its last line; shown, that is an empty one.
  const kept = shown.text.trim() === '' ? [] : [preformatted(shown.text.replace(/\n+$/, ''))];
  const blank = kept.length === 0 && shown.missing === 0 ? ': (blank)' : '';
  return {
    blocks: [richText(paragraph([strong('Output'), word(`${size}${blank}`)]), ...kept, ...notice)],
    cut: shown.missing > 0,
  };
}

/** Warnings, beside a bar. */
export function warningsPart({ warnings }: Card, room: number): Part {
  const { lines, missing } = linesIn(warnings, room, (text) => [
    word(`${MARKS.warning} `),
    strong(shortLine(text, VALUE_CHARACTERS)),
  ]);
  const blocks = lines.length === 0 ? [] : [richText(quoted(...lines, ...more(missing, 'warning')))];
  return { blocks, cut: missing > 0 || warnings.slice(0, lines.length).some(isLong) };
}

/** Paragraphs. They may have several lines, so they are cut inside. */
export function textPart({ text }: Card, room: number): Part {
  const blocks: KnownBlock[] = [];
  let bytes = room;
  let cut = false;
  for (const words of text) {
    const shown = fitText(words, {
      characters: SLACK_LIMITS.sectionCharacters - 1,
      bytes: bytes - FRAME / 2,
    });
    if (shown.text.trim() !== '') {
      const ended = shown.missing === 0 ? shown.text : `${shown.text}…`;
      blocks.push({ type: 'section', text: plainLines(ended) });
      bytes -= FRAME / 2 + jsonBytes(ended);
    }
    cut ||= shown.missing > 0;
    if (cut || blocks.length >= MAX_PARAGRAPHS) break;
  }
  return { blocks, cut: cut || blocks.length < text.filter((words) => words.trim() !== '').length };
}

/** A line each: label and value keep together on a phone, where two columns would break every value. */
export function fieldsPart({ fields }: Card, room: number): Part {
  const { lines, missing } = linesIn(fields, room, ({ label, value }) => [
    strong(shortLine(label, LABEL_CHARACTERS)),
    word(`  ${shortLine(value, VALUE_CHARACTERS)}`),
  ]);
  return {
    blocks: lines.length === 0 ? [] : [richText(paragraph(...lines, ...more(missing, 'field')))],
    cut: missing > 0 || fields.slice(0, lines.length).some(({ value }) => isLong(value)),
  };
}

export function tablePart({ table }: Card, room: number): Part {
  if (table === null) return NONE;
  const { elements, missing } = tableElements(table, room - FRAME);
  const rest = missing === 0 ? [] : [paragraph([word(andMore(missing))])];
  const all = [...elements, ...rest];
  return { blocks: all.length === 0 ? [] : [richText(...all)], cut: missing > 0 };
}

/** The last steps, small and grey; the date stands where it changes. */
export function timelinePart({ timeline }: Card, room: number): Part {
  const text = timelineText(timeline, { characters: STEPS_CHARACTERS, bytes: room - FRAME / 2 });
  if (text === null) return { blocks: [], cut: timeline.length > 0 };
  return { blocks: [{ type: 'context', elements: [plainLines(text)] }], cut: false };
}

/** Shown with an ellipsis at its end. */
function isLong(value: string): boolean {
  return escapeLine(value.slice(0, VALUE_CHARACTERS + 1)).length > VALUE_CHARACTERS;
}

function more(missing: number, what: string): Line[] {
  return missing === 0 ? [] : [[word(andMore(missing, what))]];
}

/** As many lines as fit. */
function linesIn<T>(
  items: readonly T[],
  room: number,
  render: (item: T) => Line,
): { lines: Line[]; missing: number } {
  const lines: Line[] = [];
  let bytes = room - FRAME / 2;
  for (const item of items) {
    const line = render(item);
    bytes -= LINE_BYTES + line.reduce((sum, { text }) => sum + jsonBytes(text), 0);
    if (bytes < 0) break;
    lines.push(line);
  }
  return { lines, missing: items.length - lines.length };
}
