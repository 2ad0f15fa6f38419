import type { Button, Card } from '../../src/conversation/card.ts';
import { escapeLine, escapeText } from '../../src/lib/escape-text.ts';
import { type BoxLine, drawBox, innerWidth } from './box.ts';
import type { Style } from './style.ts';
import { padEnd, textWidth, wrapExactly, wrapText } from './text-width.ts';

/** Columns of the widest field label that still gets a column of its own. */
const MAX_LABEL_COLUMNS = 16;
/** Narrower boxes put the value under its label. */
const MIN_TWO_COLUMN_WIDTH = 40;

/** A card in a frame, `columns` wide. `number` is how people name it; null when there is nothing to press later. */
export function renderBox(card: Card, number: number | null, columns: number, style: Style): string[] {
  const width = innerWidth(columns);
  const state = card.state === null ? '' : escapeLine(card.state.label);
  // On a narrow terminal the frame has no room for a long state, and its end (1 of 2) matters.
  const fits = textWidth(state) <= Math.floor(width / 2);
  const label = fits ? state : '';
  const title = [number === null ? '' : `#${number}`, escapeLine(card.title)]
    .filter((part) => part !== '')
    .join(' ');
  const look = card.state?.tone ?? (card.kind === 'error' ? 'failure' : 'neutral');
  const body = [
    ...(fits ? [] : lines(wrapText(state, width), look)),
    ...card.warnings.flatMap((text) => lines(wrapText(`! ${escapeLine(text)}`, width), 'warning')),
    ...fieldLines(card, width),
    ...codeLines(card, width),
    ...card.text.flatMap((text) =>
      lines(wrapText(escapeText(text), width), card.kind === 'error' ? 'failure' : 'neutral'),
    ),
    ...tableLines(card, width),
    ...buttonLines(card.buttons, number, width),
  ];
  // A receipt is one line; an empty frame would only take room.
  if (body.length === 0)
    return wrapText(label === '' ? title : `${title} [${label}]`, columns).map((line) =>
      style.paint(line, look),
    );
  return drawBox(style, columns, { title, label, look }, body);
}

/**
 * The command of a card that only tells what runs: one line says it, a frame would not say more. Null for cards that ask for a
 * decision, have steps to follow, or whose command has several lines.
 */
export function commandLine(card: Card): string | null {
  const follows = card.kind === 'action' && card.state !== null && card.state.tone !== 'waiting';
  if (!follows || card.timeline.length > 0 || card.code === null) return null;
  const code = codeText(card.code);
  return code.includes('\n') ? null : `${escapeLine(card.title)}: ${code}`;
}

/** Fields on one line. */
export function fieldsLine(fields: Card['fields']): string {
  return fields.map(({ label, value }) => `${escapeLine(label)}: ${escapeLine(value)}`).join(', ');
}

/** A card as lines for a pipe or a log: no colour, no frame, nothing wrapped. */
export function renderPlain(card: Card, number: number | null): string[] {
  if (card.kind === 'error') {
    return [`error: ${[card.title, ...card.text, ...card.warnings].map(escapeLine).join(' - ')}`];
  }
  // The timeline of a card that is followed is printed below, and ends with the state.
  const showsState = card.state !== null && (number === null || card.timeline.length === 0);
  const title = [
    number === null || card.buttons.length === 0 ? '' : `#${number}`,
    escapeLine(card.title),
    showsState ? `[${escapeLine(card.state?.label ?? '')}]` : '',
  ];
  return [
    title.filter((part) => part !== '').join(' '),
    ...card.warnings.map((text) => `  ! ${escapeLine(text)}`),
    ...plainFields(card, number),
    ...(card.code === null
      ? []
      : [
          `  ${escapeLine(card.code.label)}:`,
          ...codeText(card.code)
            .split('\n')
            .map((line) => `    ${line}`),
        ]),
    ...card.text.flatMap((text) =>
      escapeText(text)
        .split('\n')
        .map((line) => `  ${line}`.trimEnd()),
    ),
    ...alignedRows(cells(card)).map((line) => `  ${line}`),
    ...(card.buttons.length === 0 || number === null
      ? []
      : [`  buttons: ${renderButtons(card.buttons, number)}`]),
  ];
}

/** A line each where somebody has to read them; what is only announced takes one line. */
function plainFields(card: Card, number: number | null): string[] {
  const fields = card.fields.map((field) => `  ${escapeLine(field.label)}: ${escapeLine(field.value)}`);
  const announced = number !== null && card.buttons.length === 0 && fields.length > 0;
  const follows = card.kind === 'agent' || card.kind === 'action';
  return announced && follows ? [`  ${fields.map((field) => field.trim()).join(', ')}`] : fields;
}

/** The buttons of a card on one line, for a card that changed. */
export function renderButtons(buttons: readonly Button[], number: number): string {
  return buttons.map((button, at) => `[#${number} ${at + 1}] ${escapeLine(button.label)}`).join('  ');
}

function lines(texts: readonly string[], look: BoxLine['look']): BoxLine[] {
  return texts.map((text) => ({ text, look }));
}

/** Wrapped with its further lines set in, so that the next label is found at a glance. */
function hanging(text: string, width: number): string[] {
  const [first = '', ...rest] = wrapText(text, width - 2);
  return [first, ...rest.map((line) => `  ${line}`)];
}

function fieldLines(card: Card, width: number): BoxLine[] {
  const fields = card.fields.map((field) => ({
    label: escapeLine(field.label),
    value: escapeLine(field.value),
  }));
  const column = Math.max(0, ...fields.map((field) => textWidth(field.label)));
  if (width < MIN_TWO_COLUMN_WIDTH || column > MAX_LABEL_COLUMNS) {
    return fields.flatMap(({ label, value }) => lines(hanging(`${label}: ${value}`, width), 'neutral'));
  }
  return fields.flatMap(({ label, value }) =>
    lines(
      wrapText(value, width - column - 2).map(
        (part, at) => `${padEnd(at === 0 ? label : '', column)}  ${part}`,
      ),
      'neutral',
    ),
  );
}

/** The code is shown whole: it is what runs. A tab is written out so that it cannot hide. */
function codeText(code: { text: string }): string {
  return escapeText(code.text).replaceAll('\t', '\\t');
}

function codeLines(card: Card, width: number): BoxLine[] {
  if (card.code === null) return [];
  return [
    { text: `${escapeLine(card.code.label)}:`, look: 'dim' },
    ...lines(
      wrapExactly(codeText(card.code), width - 2).map((line) => `  ${line}`),
      'bold',
    ),
  ];
}

function cells(card: Card): string[][] {
  return (card.table ?? []).map((row) => row.map(escapeLine));
}

function tableLines(card: Card, width: number): BoxLine[] {
  const rows = cells(card);
  const aligned = alignedRows(rows);
  if (aligned.every((line) => textWidth(line) <= width)) {
    return aligned.map((text, at) => ({ text, look: at === 0 ? 'bold' : 'neutral' }));
  }
  const [header = [], ...body] = rows;
  if (header.length === 2) {
    // A word and what it means: the column's name on every line would say nothing.
    return body.flatMap(([word = '', meaning = '']) => [
      ...lines(hanging(word, width), 'bold'),
      ...lines(
        wrapText(meaning, width - 2).map((line) => `  ${line}`),
        'neutral',
      ),
    ]);
  }
  return body.flatMap((row, at) => [
    ...(at === 0 ? [] : lines([''], 'neutral')),
    ...row.flatMap((value, column) =>
      lines(hanging(`${header[column] ?? ''}: ${value}`, width), column === 0 ? 'bold' : 'neutral'),
    ),
  ]);
}

function alignedRows(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => textWidth(row[column] ?? ''))),
  );
  return rows.map((row) =>
    row
      .map((value, column) => padEnd(value, widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function buttonLines(buttons: readonly Button[], number: number | null, width: number): BoxLine[] {
  if (buttons.length === 0 || number === null) return [];
  const text = buttons.map((button, at) => `[${at + 1}] ${escapeLine(button.label)}`).join('  ');
  return [...lines([''], 'neutral'), ...lines(wrapText(text, width), 'progress')];
}
