/** How many columns text takes on a terminal, and how it is cut so that boxes stay straight. Text is escaped before. */

/** Ranges of Unicode's East Asian Width W and F (UAX #11), first and last code point. */
const WIDE_RANGES: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1aff0, 0x1b2ff],
  [0x20000, 0x3fffd],
];

const PLAIN = /^[\x20-\x7e]*$/;
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Columns of one grapheme: 0, 1 or 2. */
function graphemeWidth(grapheme: string): number {
  if (grapheme.length === 1 && grapheme < '\x7f') return 1;
  if (/^\p{M}+$/u.test(grapheme)) return 0;
  if (/\p{Emoji_Presentation}/u.test(grapheme) || /^\p{RI}{2}$/u.test(grapheme)) return 2;
  const code = grapheme.codePointAt(0) ?? 0;
  return WIDE_RANGES.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** Graphemes in order; plain ASCII needs no segmentation, which matters for megabytes of output. */
function* segments(text: string): Iterable<{ segment: string }> {
  if (!PLAIN.test(text)) return yield* segmenter.segment(text);
  for (const segment of text) yield { segment };
}

/** Columns of a text without escape sequences, newlines or tabs. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segments(text)) width += graphemeWidth(segment);
  return width;
}

/** Filled with spaces to `width` columns; longer text stays as it is. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

/** At most `width` columns; what is cut ends with `ellipsis`. */
export function cutText(text: string, width: number, ellipsis: string): string {
  if (textWidth(text) <= width) return text;
  const [head] = takeColumns(text, Math.max(0, width - textWidth(ellipsis)));
  return head + ellipsis;
}

/**
 * Lines of at most `width` columns. Breaks at newlines, then at spaces, then inside words; tabs become four spaces. Nothing
 * but the space at a break is lost.
 */
export function wrapText(text: string, width: number): string[] {
  return text
    .replaceAll('\t', '    ')
    .split('\n')
    .flatMap((line) => wrapLine(line, Math.max(2, width), true));
}

/** Like {@link wrapText}, breaking only where the line is full: for code and output, whose every space counts. */
export function wrapExactly(text: string, width: number): string[] {
  return text
    .replaceAll('\t', '    ')
    .split('\n')
    .flatMap((line) => wrapLine(line, Math.max(2, width), false));
}

function wrapLine(line: string, width: number, atSpaces: boolean): string[] {
  const lines: string[] = [];
  let start = 0;
  let used = 0;
  let at = 0;
  let space = -1;
  for (const { segment } of segments(line)) {
    const columns = graphemeWidth(segment);
    if (used + columns > width) {
      const cut = segment === ' ' ? at : space;
      const usable = atSpaces && cut > start && line.slice(start, cut).trim() !== '';
      const end = usable ? cut : at;
      lines.push(usable ? line.slice(start, end).trimEnd() : line.slice(start, end));
      start = usable ? end + 1 : end;
      used = textWidth(line.slice(start, at));
      space = -1;
    }
    if (segment === ' ') space = at;
    at += segment.length;
    used += at > start ? columns : 0;
  }
  lines.push(line.slice(start));
  return lines;
}

function takeColumns(text: string, width: number): [string, string] {
  let used = 0;
  let end = 0;
  for (const { segment } of segments(text)) {
    used += graphemeWidth(segment);
    if (used > width) break;
    end += segment.length;
  }
  return [text.slice(0, end), text.slice(end)];
}
