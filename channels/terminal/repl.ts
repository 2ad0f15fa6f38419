import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { HISTORY_LINES, loadHistory, saveHistory } from './history.ts';
import { MAX_LINE_BYTES } from './line-source.ts';
import { DEFAULT_COLUMNS, type Screen, type TerminalOutput } from './screen.ts';
import type { Style } from './style.ts';

/** An edited line at the bottom, everything else above it. */
export interface Repl extends Screen {
  start(): Promise<void>;
  /** Gives the terminal back. Twice is once. */
  stop(): Promise<void>;
  setPrompt(prompt: string): void;
  /** The next line is an answer to `label` and stays out of the history; null when it was cancelled. */
  ask(label: string): Promise<string | null>;
}

export interface ReplOptions {
  input: Readable;
  output: TerminalOutput;
  style: Style;
  historyPath: string | null;
  clock: Clock;
  log: Logger;
  onLine(line: string): void;
  /** Ctrl-C on an empty line. */
  onInterrupt(): void;
  /** Ctrl-D, or the terminal is gone. */
  onEnd(): void;
  /** Values that may replace the last word of the line, and that word. */
  complete(line: string): Promise<[string[], string]>;
}

const SPINNER_INTERVAL_MS = 100;

export function createRepl(options: ReplOptions): Repl {
  const { input, output, style, clock, log } = options;
  let editor: Interface | null = null;
  let prompt = '> ';
  let busyLabel: string | null = null;
  let frame = 0;
  let tick: Disposable | null = null;
  let answer: { label: string; resolve: (line: string | null) => void } | null = null;
  let history: readonly string[] = [];
  let saved = Promise.resolve();

  function refresh(): void {
    if (editor === null) return;
    const spinner = busyLabel === null ? '' : `${style.spinner[frame % style.spinner.length] ?? ''} `;
    editor.setPrompt(style.paint(spinner, 'progress') + (answer === null ? prompt : answer.label));
    editor.prompt(true);
  }

  function print(lines: readonly string[]): void {
    if (lines.length === 0 || !output.writable) return;
    if (editor === null) return void output.write(`${lines.join('\n')}\n`);
    moveCursor(output, 0, -editor.getCursorPos().rows);
    cursorTo(output, 0);
    clearScreenDown(output);
    output.write(`${lines.join('\n')}\n`);
    // The editor would climb over what was just printed: it remembers how many rows its own line had.
    Object.assign(editor, { prevRows: 0 });
    refresh();
  }

  function spin(): void {
    tick?.[Symbol.dispose]();
    tick = null;
    if (busyLabel === null || editor === null) return;
    tick = clock.after(SPINNER_INTERVAL_MS, () => {
      frame += 1;
      refresh();
      spin();
    });
  }

  function takeLine(line: string): void {
    if (answer === null) return options.onLine(line);
    const { resolve } = answer;
    answer = null;
    refresh();
    resolve(line);
  }

  function interrupt(): void {
    if (editor === null) return;
    if (answer !== null) {
      const { resolve } = answer;
      answer = null;
      editor.write(null, { ctrl: true, name: 'e' });
      editor.write(null, { ctrl: true, name: 'u' });
      refresh();
      return resolve(null);
    }
    if (editor.line === '') return options.onInterrupt();
    editor.write(null, { ctrl: true, name: 'e' });
    editor.write(null, { ctrl: true, name: 'u' });
  }

  /** A pasted megabyte must not pile up in the editor. */
  function boundLine(): void {
    if (editor === null || editor.line.length <= MAX_LINE_BYTES) return;
    editor.write(null, { ctrl: true, name: 'e' });
    editor.write(null, { ctrl: true, name: 'u' });
    print([style.paint(`the line is longer than ${MAX_LINE_BYTES} bytes and was dropped`, 'failure')]);
  }

  function remember(lines: string[]): void {
    // Answers (typed hashes, reasons) are no commands to repeat.
    if (answer !== null) lines.shift();
    history = [...lines];
    saved = saved.then(() => saveHistory(options.historyPath, history, log));
  }

  return {
    fancy: true,
    columns: () => output.columns ?? DEFAULT_COLUMNS,
    print,
    busy(label) {
      if (busyLabel === label) return;
      busyLabel = label;
      refresh();
      spin();
    },
    setPrompt(text) {
      prompt = text;
      refresh();
    },
    ask(label) {
      return new Promise((resolve) => {
        answer = { label, resolve };
        refresh();
      });
    },
    async start() {
      const earlier = await loadHistory(options.historyPath, log);
      editor = createInterface({
        input,
        output,
        terminal: true,
        history: earlier,
        historySize: HISTORY_LINES,
        removeHistoryDuplicates: true,
        completer: (line: string, done: (error: null, result: [string[], string]) => void) =>
          void options.complete(line).then((result) => done(null, result)),
      });
      editor.on('history', remember);
      editor.on('line', takeLine);
      editor.on('SIGINT', interrupt);
      input.on('keypress', boundLine);
      editor.on('close', () => {
        const mine = editor === null;
        editor = null;
        answer?.resolve(null);
        if (!mine) options.onEnd();
      });
      refresh();
    },
    async stop() {
      tick?.[Symbol.dispose]();
      tick = null;
      const closing = editor;
      editor = null;
      input.off('keypress', boundLine);
      closing?.close();
      if (closing !== null && output.writable) output.write('\n');
      await saved;
    },
  };
}
