import { shortLine } from './fit.ts';

/** Wider columns wrap on a phone and are no columns any more. */
const MAX_COLUMNS_WIDTH = 40;
/** A cell is a word or a short line; more of it is cut. */
const CELL_CHARACTERS = 300;
const MAX_CELLS = 20;
/** Rows that are looked at; the room of a message ends long before. */
const MAX_ROWS = 200;

/** The rows of a table as text that reads on a phone, escaped. */
export interface TableText {
  /** All rows in columns, the header first; null where they are too wide or too many. */
  columns: string | null;
  /** A row as its first cell and what is to be said of it. */
  rows: readonly { first: string; facts: string }[];
  /** Rows without the header, shown or not. */
  count: number;
}

export function tableText(table: readonly (readonly string[])[]): TableText {
  const [header = [], ...body] = table.slice(0, MAX_ROWS + 1).map(cells);
  const count = Math.max(0, table.length - 1);
  if (header.length === 0 || count === 0) return { columns: null, rows: [], count };
  return {
    columns: count === body.length ? alignedRows([header, ...body]) : null,
    rows: body.map(([first = '-', ...rest]) => ({ first, facts: factsOf(header, rest) })),
    count,
  };
}

function cells(row: readonly string[]): string[] {
  return row.slice(0, MAX_CELLS).map((text) => shortLine(text, CELL_CHARACTERS));
}

/** Null where they are too wide. */
function alignedRows(rows: readonly (readonly string[])[]): string | null {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => widthOf(row[column] ?? ''))),
  );
  if (widths.reduce((sum, width) => sum + width + 2, -2) > MAX_COLUMNS_WIDTH) return null;
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Columns by whole characters; what is wider or narrower than one column only misses its place. */
function widthOf(text: string): number {
  return Array.from(text).length;
}

/** With two columns a word and, below it, what it means; else every value with its column's name. */
function factsOf(header: readonly string[], values: readonly string[]): string {
  if (header.length === 2) return `\n${values.join(' ')}`;
  return values.map((value, at) => ` · ${header[at + 1] ?? ''} ${value}`).join('');
}
