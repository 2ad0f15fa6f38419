/** A command as plain data, for surfaces that offer typed options: what it takes and how its first answer is given. */
export interface CommandShape {
  name: string;
  /** One line, a verb first. */
  summary: string;
  positionals: readonly PositionalShape[];
  options: readonly OptionShape[];
  rest: RestShape | null;
  /** What follows the root command, ready to be typed. */
  examples: readonly string[];
  /** The form that is its first answer; null = none. */
  opens: string | null;
  /** Whether the first answer is for the asker alone or for the thread. */
  visibility: 'private' | 'thread';
}

export interface PositionalShape {
  name: string;
  summary: string;
  optional: boolean;
  completes: CompletionShape | null;
  /** Asked for as a number of 0 or more. Default: a word. */
  number?: 'whole' | 'decimal';
}

export interface OptionShape {
  /** Without the dashes. */
  name: string;
  summary: string;
  /** How the value is written; null for a flag. */
  value: string | null;
  completes: CompletionShape | null;
  /** As of {@link PositionalShape}. */
  number?: 'whole' | 'decimal';
}

/** Where completions come from: `agents`, `commands`… */
export interface CompletionShape {
  from: string;
}

/** Everything after the positionals and options, as typed. */
export interface RestShape {
  name: string;
  summary: string;
  optional: boolean;
  kind: 'command-line' | 'text';
}
