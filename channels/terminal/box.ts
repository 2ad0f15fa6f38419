import type { Look, Style } from './style.ts';
import { cutText, padEnd, textWidth } from './text-width.ts';

/** One line inside a box: already escaped and wrapped; painted as a whole. */
export interface BoxLine {
  text: string;
  look: Look;
}

/** Below this many columns a frame costs more than it gives. */
const MIN_BOX_COLUMNS = 24;
/** Wider lines are hard to read. */
const MAX_BOX_COLUMNS = 100;

/** Columns for text inside a box on a terminal of `columns`. */
export function innerWidth(columns: number): number {
  return columns < MIN_BOX_COLUMNS ? Math.max(2, columns) : Math.min(columns, MAX_BOX_COLUMNS) - 4;
}

/** Draws a frame with a title on the left and a label on the right of its top edge; every line is equally wide. */
export function drawBox(
  style: Style,
  columns: number,
  head: { title: string; label: string; look: Look },
  lines: readonly BoxLine[],
): string[] {
  const width = innerWidth(columns);
  if (columns < MIN_BOX_COLUMNS) {
    const title = [head.title, head.label].filter((part) => part !== '').join(' ');
    return [
      style.paint(cutText(title, width, style.ellipsis), 'bold'),
      ...lines.map((line) => style.paint(line.text, line.look)),
    ];
  }
  const { box } = style;
  const edge = (text: string) => style.paint(text, 'dim');
  const label = cutText(head.label, Math.floor(width / 2), style.ellipsis);
  const labelColumns = label === '' ? 0 : textWidth(label) + 3;
  const title = cutText(head.title, width - labelColumns - 2, style.ellipsis);
  const fill = width + 2 - 1 - (textWidth(title) + 2) - labelColumns;
  const top = [
    edge(box.topLeft + box.horizontal),
    ` ${style.paint(title, 'bold')} `,
    edge(box.horizontal.repeat(Math.max(0, fill))),
    label === '' ? '' : ` ${style.paint(label, head.look)} ${edge(box.horizontal)}`,
    edge(box.topRight),
  ].join('');
  return [
    top,
    ...lines.map(
      (line) =>
        `${edge(box.vertical)} ${style.paint(padEnd(line.text, width), line.look)} ${edge(box.vertical)}`,
    ),
    edge(box.bottomLeft + box.horizontal.repeat(width + 2) + box.bottomRight),
  ];
}
