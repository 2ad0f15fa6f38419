import type { Readable } from 'node:stream';
import type { Card } from '../../src/conversation/card.ts';
import type { Channel, ChannelLimits, Inbox } from '../../src/conversation/channel.ts';
import { createHealthState } from '../shared/health-state.ts';
import { AppError } from '../../src/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { escapeLine } from '../../src/lib/escape-text.ts';
import { randomId } from '../../src/lib/ids.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { type MessageRef, type ThreadRef, threadKey } from '../../src/model/thread.ts';
import { createCardBoard } from './card-board.ts';
import { completeLine } from './complete-line.ts';
import { readLines, type SourceLine, tooLong, MAX_LINE_BYTES } from './line-source.ts';
import { createRepl, type Repl } from './repl.ts';
import { createPlainScreen, type TerminalOutput } from './screen.ts';
import { createSession, type Persona, type Session, TERMINAL_THREAD } from './session.ts';
import { createStyle } from './style.ts';
import { wrapText } from './text-width.ts';

export interface TerminalChannelOptions {
  input: Readable;
  output: TerminalOutput;
  /** Input and output are a terminal that understands cursor movements: a REPL. Otherwise lines are worked on one by one. */
  isTty: boolean;
  env: Readonly<Record<string, string | undefined>>;
  /** Default `terminal:local`. */
  principal?: string;
  /** Shown on cards. Default `local`. */
  displayName?: string;
  /** `/as` may switch the persona: only while no other channel is configured. */
  personas: boolean;
  /** Where the REPL keeps its lines, mode 0600; null = nowhere. */
  historyPath: string | null;
  /** The person is done: `/exit`, Ctrl-D, the end of piped input. 1 when a piped line failed, else 0. Called once. */
  onExit(code: number): void;
  /** What becomes of the agents at the end, said before it; null = there are none. */
  farewell(): Promise<string | null>;
  clock: Clock;
  log: Logger;
}

/** A local screen has no quota; the interval keeps a flood of edits from redrawing it all the time. */
const TERMINAL_LIMITS: ChannelLimits = {
  postsPerMinute: 60_000,
  editsPerMinute: 60_000,
  postsPerRoomPerMinute: Number.POSITIVE_INFINITY,
  editIntervalMs: 20,
  outputCharacters: 4 * 1024 * 1024,
  codeCharacters: Number.POSITIVE_INFINITY,
  threads: false,
};

const GREETING = [
  'Airlock runs commands in sandboxes. Begin with: /agent create box',
  'then: /agent exec box -- uname -a',
  '/help lists commands and keys, Tab completes, /exit ends.',
].join('\n');
/** Keys and messages kept to recognise them; a retry comes within minutes. */
const MAX_REMEMBERED = 10_000;

/** The embedded channel: a REPL on a terminal, line by line on a pipe. */
export function createTerminalChannel(options: TerminalChannelOptions): Channel {
  const { input, output, log, clock } = options;
  const principal = options.principal ?? 'terminal:local';
  const instance = randomId(12);
  const health = createHealthState(clock);
  const style = createStyle(options.env);
  /** By the delivery's key, and by message: the number on the screen. */
  const posted = new Map<string, MessageRef>();
  const numbers = new Map<string, number>();
  let state: 'new' | 'open' | 'closed' = 'new';
  let startedAt = 0;
  let exited = false;

  const repl = options.isTty ? createSessionRepl() : null;
  const screen = repl ?? createPlainScreen(output);
  const board = createCardBoard(screen, style);
  let session: Session | null = null;
  let inboxInUse: Inbox | null = null;
  let piped: AsyncGenerator<SourceLine> | null = null;

  function exit(code: number): void {
    if (exited || state === 'closed') return;
    exited = true;
    // Stopping agents takes a moment.
    options
      .farewell()
      .then(
        (words) => screen.print(words === null ? [] : wrapText(escapeLine(words), screen.columns())),
        (error: unknown) => log.warn({ err: error }, 'the live agents could not be counted'),
      )
      .finally(() => options.onExit(code));
  }

  function createSessionRepl(): Repl {
    let pressedOnce = false;
    let cancelled: string | null = null;
    return createRepl({
      input,
      output,
      style,
      historyPath: options.historyPath,
      clock,
      log,
      onLine(line) {
        pressedOnce = false;
        const size = Buffer.byteLength(line);
        if (size > MAX_LINE_BYTES) session?.fail(tooLong(size).error);
        else void session?.handle(line);
      },
      onInterrupt() {
        const button = board.cancelButton();
        if (button !== null && cancelled !== button.subject) {
          cancelled = button.subject;
          void session?.press(button);
        } else if (pressedOnce || button !== null) exit(0);
        else {
          pressedOnce = true;
          screen.print(['Ctrl-C again, /exit or Ctrl-D ends the bot']);
        }
      },
      onEnd: () => exit(0),
      complete: (line) =>
        inboxInUse === null ? Promise.resolve([[], '']) : completeLine(line, inboxInUse, principal),
    });
  }

  async function runPiped(lines: AsyncGenerator<SourceLine>, mine: Session): Promise<void> {
    let failed = false;
    try {
      for (let next = await lines.next(); next.done !== true && !exited; next = await lines.next()) {
        const ok = 'error' in next.value ? mine.fail(next.value.error) : await mine.handle(next.value.text);
        failed ||= !ok;
        if (exited || state === 'closed') return;
      }
    } catch (error) {
      if (state === 'closed') return;
      mine.fail(error);
      failed = true;
    }
    exit(failed ? 1 : 0);
  }

  async function askPiped(): Promise<string | null> {
    const next = await piped?.next();
    if (next === undefined || next.done === true) return null;
    if ('error' in next.value) throw next.value.error;
    return next.value.text;
  }

  function onPersona(persona: Persona | null): void {
    repl?.setPrompt(persona === null ? 'airlock> ' : `airlock (${persona.id}: ${persona.role})> `);
  }

  /** The reader of our output is gone (`| head`): nobody is left to talk to. */
  function onOutputError(error: Error): void {
    log.info({ err: error }, 'the terminal is gone');
    exit(1);
  }

  function requireOpen(ref: ThreadRef): void {
    if (threadKey(ref) !== threadKey(TERMINAL_THREAD)) {
      throw new AppError('CHANNEL_PERMANENT', `the terminal has no room ${escapeLine(ref.room)}`, {
        hint: 'this is a defect: report it',
      });
    }
    if (state !== 'open' || !output.writable) {
      throw new AppError('CHANNEL_TRANSIENT', 'the terminal is closed', { hint: 'start Airlock again' });
    }
  }

  function edit(ref: MessageRef, card: Card): void {
    const mine = ref.messageId.startsWith(`${instance}.`);
    // Posted in an earlier session: what happened before this one is old news.
    const timeline = mine ? card.timeline : card.timeline.filter(({ at }) => at >= startedAt);
    const current = { ...card, timeline };
    if (board.update(numbers.get(ref.messageId) ?? 0, current)) return;
    remember(numbers, ref.messageId, board.post(current));
  }

  return {
    name: 'terminal',
    limits: TERMINAL_LIMITS,
    async start(inbox) {
      if (state !== 'new') return;
      state = 'open';
      health.set('up');
      startedAt = clock.now();
      inboxInUse = inbox;
      output.on('error', onOutputError);
      const mine = createSession({
        inbox,
        board,
        screen,
        principal,
        displayName: options.displayName ?? 'local',
        personas: options.personas,
        instance,
        ask: repl === null ? askPiped : (label) => repl.ask(label),
        onPersona,
        onExit: () => exit(0),
      });
      session = mine;
      if (repl !== null) {
        repl.setPrompt('airlock> ');
        // Before the edited line is there, so that it stands below.
        repl.print(wrapText(GREETING, repl.columns()));
        await repl.start();
        return;
      }
      piped = readLines(input);
      void runPiped(piped, mine);
    },
    async stop() {
      if (state === 'closed') return;
      state = 'closed';
      health.set('down', 'it was stopped');
      if (piped !== null) input.destroy();
      await repl?.stop();
      output.off('error', onOutputError);
      // A late EPIPE of what was written before must not end the process.
      output.on('error', () => {});
    },
    async post(ref, card, key, { maybePosted }) {
      requireOpen(ref);
      const earlier = maybePosted ? posted.get(key) : undefined;
      if (earlier !== undefined) {
        edit(earlier, card);
        return earlier;
      }
      const number = board.post(card);
      const message = { thread: TERMINAL_THREAD, messageId: `${instance}.${number}` };
      remember(numbers, message.messageId, number);
      remember(posted, key, message);
      return message;
    },
    async openThread(ref) {
      requireOpen(ref.thread);
      return ref.thread;
    },
    async update(ref, card) {
      requireOpen(ref.thread);
      edit(ref, card);
    },
    async upload(ref, file, key) {
      requireOpen(ref);
      const earlier = posted.get(key);
      if (earlier !== undefined) return earlier;
      const where = 'path' in file.content ? `: ${escapeLine(file.content.path)}` : '';
      screen.print([`file ${escapeLine(file.name)} (${file.bytes} bytes)${where}`]);
      const message = { thread: TERMINAL_THREAD, messageId: key };
      remember(posted, key, message);
      return message;
    },
    // Who sits at it is the only one who reads it.
    privateRoom: () => TERMINAL_THREAD,
    health: health.current,
    onHealth: health.onChange,
  };
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  const oldest = map.keys().next().value;
  if (map.size > MAX_REMEMBERED && oldest !== undefined) map.delete(oldest);
}
