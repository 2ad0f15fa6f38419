import type { RichTextBlockElement } from './block-kit.ts';
import { jsonBytes } from '../../shared/fit.ts';
import { tableText } from '../../shared/table-text.ts';
import { type Line, paragraph, preformatted, strong, word } from './elements.ts';

/** JSON around the texts of one row. */
const ROW_BYTES = 110;

export interface TableElements {
  elements: RichTextBlockElement[];
  /** Rows that found no room. */
  missing: number;
}

/**
 * The rows of a table: columns where they are narrow, else a line a row. Slack's table block is not used: where it is not known the
 * whole message is refused, and on a phone it scrolls sideways.
 */
export function tableElements(table: readonly (readonly string[])[], bytes: number): TableElements {
  const { columns, rows, count } = tableText(table);
  if (columns !== null && jsonBytes(columns) < bytes - ROW_BYTES) {
    return { elements: [preformatted(columns)], missing: 0 };
  }
  const lines: Line[] = [];
  let room = bytes;
  for (const { first, facts } of rows) {
    room -= ROW_BYTES + jsonBytes(first) + jsonBytes(facts);
    if (room < 0) break;
    lines.push([strong(first), word(facts)]);
  }
  return { elements: lines.length === 0 ? [] : [paragraph(...lines)], missing: count - lines.length };
}
