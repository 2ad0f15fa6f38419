import { PassThrough } from 'node:stream';
import { textWidth } from '../../channels/terminal/text-width.ts';

/** A terminal of a fixed width that keeps its screen: enough of VT100 for what a line editor sends. */
export interface TerminalScreen {
  /** What the program writes to. */
  readonly output: PassThrough & { columns: number };
  /** The screen as people see it, trailing spaces and empty lines cut. */
  text(): string;
  lines(): string[];
  /** Everything that was sent, sequences included. */
  raw(): string;
}

// oxlint-disable-next-line no-control-regex -- escape sequences are what it reads
const SEQUENCE = /^\x1b\[(\d*)(?:;\d+)*([A-Za-z])/;

export function createTerminalScreen(columns: number): TerminalScreen {
  const output = Object.assign(new PassThrough(), { columns });
  let sent = '';
  output.on('data', (chunk: Buffer) => {
    sent += chunk.toString();
  });
  return {
    output,
    raw: () => sent,
    lines: () => draw(sent, columns),
    text: () => draw(sent, columns).join('\n'),
  };
}

/** Cells; the second half of a wide character is an empty string. */
function draw(sent: string, columns: number): string[] {
  const rows: string[][] = [[]];
  let row = 0;
  let column = 0;
  const line = () => (rows[row] ??= []);
  const put = (character: string) => {
    const width = textWidth(character);
    if (width === 0) return;
    if (column + width > columns) newline();
    while (line().length < column) line().push(' ');
    line()[column] = character;
    if (width === 2) line()[column + 1] = '';
    column += width;
  };
  const newline = () => {
    row += 1;
    column = 0;
    line();
  };
  const control = (command: string, count: number) => {
    if (command === 'A') row = Math.max(0, row - count);
    else if (command === 'B') row += count;
    else if (command === 'C') column += count;
    else if (command === 'D') column = Math.max(0, column - count);
    else if (command === 'G') column = count - 1;
    else if (command === 'J' || command === 'K') {
      if (command === 'J') rows.length = row + 1;
      line().length = Math.min(line().length, column);
    }
  };
  for (let at = 0; at < sent.length; ) {
    const rest = sent.slice(at, at + 20);
    const sequence = SEQUENCE.exec(rest);
    if (sequence !== null) {
      const count = Number(sequence[1] === '' ? '1' : sequence[1]);
      control(sequence[2] ?? '', count);
      at += sequence[0].length;
      continue;
    }
    const character = String.fromCodePoint(sent.codePointAt(at) ?? 0);
    at += character.length;
    if (character === '\n') newline();
    else if (character === '\r') column = 0;
    else if (character >= ' ') put(character);
  }
  const text = rows.map((cells) => cells.join('').trimEnd());
  while (text.at(-1) === '') text.pop();
  return text;
}
