import type { Writable } from 'node:stream';

/** Where lines go. They are escaped, and painted where the screen is `fancy`. */
export interface Screen {
  /** A person looks at it live: boxes, colour, a spinner. Otherwise a pipe or a log: plain lines. */
  readonly fancy: boolean;
  columns(): number;
  print(lines: readonly string[]): void;
  /** What is under way, for the spinner; null when nothing is. */
  busy(label: string | null): void;
}

/** Writable that may be a terminal. */
export type TerminalOutput = Writable & { readonly columns?: number };

export const DEFAULT_COLUMNS = 80;

/** Lines one after the other; never a control sequence. */
export function createPlainScreen(output: TerminalOutput): Screen {
  return {
    fancy: false,
    columns: () => Number.MAX_SAFE_INTEGER,
    print(lines) {
      if (lines.length > 0 && output.writable) output.write(`${lines.join('\n')}\n`);
    },
    busy() {},
  };
}
