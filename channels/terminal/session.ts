import { BLANK_CARD, type Button, type Card, type Form } from '../../src/conversation/card.ts';
import type {
  Accepted,
  Inbox,
  Reply,
  RequestOrigin,
  RequestOutcome,
} from '../../src/conversation/channel.ts';
import { AppError, toAppError } from '../../src/errors.ts';
import { escapeLine } from '../../src/lib/escape-text.ts';
import type { ThreadRef } from '../../src/model/thread.ts';
import type { CardBoard } from './card-board.ts';
import { askForm, type FormValues } from './form.ts';
import { parseLine } from './parse-line.ts';
import type { Screen } from './screen.ts';

/** The one room of a terminal. */
export const TERMINAL_THREAD: ThreadRef = {
  channel: 'terminal',
  space: 'local',
  room: 'terminal',
  thread: null,
};

export interface SessionOptions {
  inbox: Inbox;
  board: CardBoard;
  screen: Screen;
  principal: string;
  displayName: string;
  /** False where another channel is configured: then `/as` is refused. */
  personas: boolean;
  /** Prefixes delivery ids, so that no other session has the same. */
  instance: string;
  /** Shows a form's question and resolves with the next line; null = cancelled or no more input. */
  ask(label: string): Promise<string | null>;
  onPersona(persona: Persona | null): void;
  onExit(): void;
}

export type Persona = NonNullable<RequestOrigin['persona']>;

/** One person at one terminal: lines in, requests out. */
export interface Session {
  /** Works on one line until its request has settled or waits; false when it failed. Never rejects. */
  handle(line: string): Promise<boolean>;
  /** Presses a button as if it had been typed. Never rejects. */
  press(button: Button): Promise<boolean>;
  fail(error: unknown): false;
}

const LOCAL_HELP: Card['text'] = [
  '/agent …  a command; the words alone work too (create box)',
  '1 or #3 1  press button 1 of the newest card, or of card #3',
  '/as name [role]  try another person (admin if no role is given); /as alone ends it',
  '/exit  or Ctrl-D ends the bot; Ctrl-C cancels the running command first',
];

export function createSession(options: SessionOptions): Session {
  const { inbox, board, screen } = options;
  let persona: Persona | null = null;
  let deliveries = 0;
  let turn: Promise<void> = Promise.resolve();

  function origin(): RequestOrigin {
    deliveries += 1;
    return {
      deliveryId: `${options.instance}-${deliveries}`,
      principal: options.principal,
      displayName: persona?.id ?? options.displayName,
      groups: [],
      thread: TERMINAL_THREAD,
      ...(persona === null ? {} : { persona }),
    };
  }

  function fail(error: unknown): false {
    board.tell(errorCard(toAppError(error)));
    return false;
  }

  /** Waits for the outcome; a form the inbox answered with is filled in and sent afterwards. */
  async function settle(send: (reply: Reply) => Promise<Accepted>, button: Button | null): Promise<boolean> {
    const forms: Form[] = [];
    const accepted = await send({
      private: async (card) => board.tell(card),
      form: async (form) => void forms.push(form),
    });
    const outcome: RequestOutcome = await accepted.settled;
    const [form] = forms;
    if (form === undefined || button === null) return outcome.ok;
    return fillIn(form, button);
  }

  async function fillIn(form: Form, button: Button): Promise<boolean> {
    const values = await inTurn(() => askForm(form, screen, (label) => options.ask(label)));
    if (values === null)
      throw new AppError('CANCELLED', `${escapeLine(form.title)}: cancelled, nothing was sent`);
    const { id, subject, hash } = button;
    return settle((reply) => inbox.form({ ...origin(), button: id, subject, hash, values }, reply), button);
  }

  /** One form at a time: the next line answers the form on the screen. */
  async function inTurn(ask: () => Promise<FormValues | null>): Promise<FormValues | null> {
    const mine = turn.then(ask);
    turn = mine.then(
      () => {},
      () => {},
    );
    return mine;
  }

  async function press(button: Button): Promise<boolean> {
    if (button.opens !== null) return fillIn(button.opens, button);
    const { id, subject, hash } = button;
    return settle((reply) => inbox.button({ ...origin(), button: id, subject, hash }, reply), button);
  }

  async function command(text: string): Promise<boolean> {
    return settle((reply) => inbox.command({ ...origin(), text, via: 'command' }, reply), null);
  }

  function switchPersona(next: Persona | null): boolean {
    if (next !== null && !options.personas) {
      throw new AppError('NOT_ALLOWED', '/as works only while the terminal is the only channel', {
        hint: 'list people under `people` in airlock.yaml',
      });
    }
    persona = next;
    options.onPersona(persona);
    screen.print([
      persona === null ? 'you are yourself again' : `you are ${persona.id} (${persona.role}) now`,
    ]);
    return true;
  }

  async function run(line: string): Promise<boolean> {
    const intent = parseLine(line);
    switch (intent.type) {
      case 'nothing':
        return true;
      case 'command':
        return command(intent.text);
      case 'button':
        return press(board.button(intent.card, intent.button));
      case 'persona':
        return switchPersona(intent.persona);
      case 'help':
        board.tell(helpCard());
        return command(`help ${intent.topic}`.trim());
      case 'exit':
        options.onExit();
        return true;
      case 'unknown':
        throw new AppError('UNKNOWN_COMMAND', `unknown command ${escapeLine(intent.word)}`, {
          hint: 'commands start with /agent; /help lists what the terminal knows',
        });
      case 'invalid':
        throw new AppError('INVALID_INPUT', intent.message, { hint: intent.hint });
    }
  }

  const guarded = async (work: Promise<boolean>): Promise<boolean> => work.catch(fail);
  return {
    handle: (line) => guarded(run(line)),
    press: (button) => guarded(press(button)),
    fail,
  };
}

function errorCard({ code, message, hint }: AppError): Card {
  return {
    ...BLANK_CARD,
    kind: 'error',
    title: message,
    state: { label: code, tone: 'failure' },
    text: hint === undefined ? [] : [hint],
  };
}

function helpCard(): Card {
  return { ...BLANK_CARD, kind: 'help', title: 'The terminal', text: LOCAL_HELP };
}
