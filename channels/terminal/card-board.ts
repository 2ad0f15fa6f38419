import { AppError } from '../../src/errors.ts';
import type { Button, Card } from '../../src/conversation/card.ts';
import { escapeLine, escapeText } from '../../src/lib/escape-text.ts';
import { cardNews, withState } from './card-news.ts';
import { NOTHING_PRINTED, type OutputProgress, outputNews } from './output-news.ts';
import { commandLine, fieldsLine, renderBox, renderButtons, renderPlain } from './render-card.ts';
import type { Screen } from './screen.ts';
import type { Look, Style } from './style.ts';
import { wrapExactly, wrapText } from './text-width.ts';

/** The cards on the screen: what was printed of each, and which buttons people see. */
export interface CardBoard {
  /** Prints a card and returns its number. */
  post(card: Card): number;
  /** Prints what is new; false when the number is not known (an earlier session, or long ago). */
  update(number: number, card: Card): boolean;
  /** Prints a card for this person only; it has a number when it has buttons. */
  tell(card: Card): void;
  /** The button people see as `button` (from 1) on the card, or on the newest card with buttons. Throws INVALID_INPUT. */
  button(card: number | null, button: number): Button;
  /** The cancel button of the newest thing under way. */
  cancelButton(): Button | null;
}

interface ShownCard {
  /** Null for an answer without buttons: nothing will refer to it. */
  number: number | null;
  card: Card;
  output: OutputProgress;
  /** As printed last: a press means what was seen. */
  buttons: readonly Button[];
}

/** Cards kept for edits and buttons; older ones can still be named by their id in a command. */
const MAX_SHOWN_CARDS = 500;
/** More are a line of their own. */
const MAX_FIELDS_BEHIND_A_MOVE = 2;
/** They work, but alone they are not worth a line: Ctrl-C cancels, and a command shows the logs. */
const QUIET_BUTTONS: ReadonlySet<Button['id']> = new Set(['cancel', 'logs']);

export function createCardBoard(screen: Screen, style: Style): CardBoard {
  const shown = new Map<number, ShownCard>();
  let lastNumber = 0;

  function add(card: Card): number {
    lastNumber += 1;
    const entry: ShownCard = { number: lastNumber, card, output: NOTHING_PRINTED, buttons: [] };
    shown.set(lastNumber, entry);
    const oldest = shown.keys().next().value;
    if (shown.size > MAX_SHOWN_CARDS && oldest !== undefined) shown.delete(oldest);
    printWhole(entry);
    return lastNumber;
  }

  function printWhole(entry: ShownCard): void {
    const { card, number } = entry;
    const command = number === null ? null : commandLine(card);
    if (command !== null) return printCommand(entry, command);
    if (screen.fancy) {
      screen.print(renderBox(card, number, screen.columns(), style));
      entry.buttons = card.buttons;
    } else {
      const buttons = card.state?.tone === 'waiting' ? card.buttons : [];
      screen.print(renderPlain({ ...card, buttons }, number));
      entry.buttons = buttons;
    }
    printOutput(entry);
    const moves = card.timeline.map((move) => move.label);
    if (!screen.fancy && number !== null) {
      // Without a timeline the state stands in the card's first line.
      if (moves.length > 0) printMoves(entry, withState(moves, card.state));
    } else if (moves.length > 1) {
      const path = (screen.fancy ? '' : '  ') + moves.map((move) => escapeLine(move)).join(style.arrow);
      screen.print(paintAll(wrapText(path, screen.columns()), 'dim'));
    }
    showBusy();
  }

  /** What runs on one line, what it prints, and how it ended. */
  function printCommand(entry: ShownCard, command: string): void {
    const { card } = entry;
    const text = `${screen.fancy ? `${numbered(entry)} ` : ''}${command}`;
    screen.print(paintAll(wrapExactly(text, screen.columns()), 'bold'));
    const running = card.state?.tone === 'progress';
    if (running && card.fields.length > 0) indent(fieldsLine(card.fields), 'dim');
    entry.buttons = screen.fancy ? card.buttons : [];
    // What has ended already is told as if it had been watched.
    const begun: Card = { ...card, state: { label: '', tone: 'progress' }, text: [], warnings: [] };
    entry.card = running ? { ...begun, fields: card.fields } : { ...begun, fields: [] };
    printUpdate(entry, card);
  }

  function indent(text: string, look: Look): void {
    screen.print(paintAll(wrapText(text, screen.columns() - 2), look).map((line) => `  ${line}`));
  }

  /** `told` stands behind the last move. */
  function printMoves(entry: ShownCard, moves: readonly string[], told = ''): void {
    const title = escapeLine(entry.card.title);
    for (const [at, move] of moves.entries()) {
      const last = at === moves.length - 1 && told !== '' ? ` (${told})` : '';
      const text = `${screen.fancy ? `${numbered(entry)} ` : ''}${title}: ${escapeLine(move)}${last}`;
      const look = at === moves.length - 1 ? (entry.card.state?.tone ?? 'neutral') : 'dim';
      screen.print(paintAll(wrapText(text, screen.columns()), look));
    }
  }

  function printOutput(entry: ShownCard): void {
    const { output } = entry.card;
    if (output === null) return;
    const news = outputNews(entry.output, output);
    entry.output = news.progress;
    const text = escapeText(news.text);
    if (text !== '') {
      const body = text.endsWith('\n') ? text.slice(0, -1) : text;
      screen.print(screen.fancy ? framedOutput(entry, body) : [body]);
    }
    if (output.truncated && !output.live) {
      screen.print([`  [output truncated: ${output.totalBytes} bytes in all]`]);
    }
  }

  /** A margin tells output of a sandbox from Airlock's own lines. */
  function framedOutput(entry: ShownCard, text: string): string[] {
    const margin = `${numbered(entry)}${entry.number === null ? '' : ' '}${style.box.vertical} `;
    return wrapExactly(text, screen.columns() - margin.length).map(
      (line) => style.paint(margin, 'dim') + line,
    );
  }

  function printUpdate(entry: ShownCard, card: Card): void {
    const news = cardNews(entry.card, card);
    entry.card = card;
    printOutput(entry);
    const fields = fieldsLine(news.fields);
    const fits = news.fields.length <= MAX_FIELDS_BEHIND_A_MOVE && news.moves.length > 0;
    printMoves(entry, news.moves, fits ? fields : '');
    for (const text of news.warnings) indent(`! ${escapeLine(text)}`, 'warning');
    if (fields !== '' && !fits) indent(fields, 'dim');
    for (const text of news.text) indent(escapeText(text), 'neutral');
    if (news.buttonsChanged && (screen.fancy || card.state?.tone === 'waiting')) {
      if (card.buttons.some(({ id }) => !QUIET_BUTTONS.has(id))) {
        indent(renderButtons(card.buttons, entry.number ?? 0), 'progress');
      }
      entry.buttons = card.buttons;
    }
    showBusy();
  }

  function paintAll(lines: readonly string[], look: Look): string[] {
    return screen.fancy ? lines.map((line) => style.paint(line, look)) : [...lines];
  }

  function showBusy(): void {
    const busy = newest((entry) => entry.card.state?.tone === 'progress');
    screen.busy(
      busy === null ? null : `${escapeLine(busy.card.title)} ${escapeLine(busy.card.state?.label ?? '')}`,
    );
  }

  function newest(wanted: (entry: ShownCard) => boolean): ShownCard | null {
    return [...shown.values()].findLast(wanted) ?? null;
  }

  return {
    post: add,
    update(number, card) {
      const entry = shown.get(number);
      if (entry === undefined) return false;
      printUpdate(entry, card);
      return true;
    },
    tell(card) {
      // On a pipe only what waits shows its buttons.
      const shows = card.buttons.length > 0 && (screen.fancy || card.state?.tone === 'waiting');
      if (shows) add(card);
      else printWhole({ number: null, card, output: NOTHING_PRINTED, buttons: [] });
    },
    button(number, button) {
      if (number === null) refuseAmbiguous([...shown.values()]);
      const entry = number === null ? newest((one) => one.buttons.length > 0) : (shown.get(number) ?? null);
      if (entry === null) throw unknownCard(number);
      return pressable(entry, button);
    },
    cancelButton() {
      const entry = newest(
        ({ card }) => card.state?.tone === 'progress' && card.buttons.some(({ id }) => id === 'cancel'),
      );
      return entry?.card.buttons.find(({ id }) => id === 'cancel') ?? null;
    },
  };
}

function numbered(entry: ShownCard): string {
  return entry.number === null ? '' : `#${entry.number}`;
}

/** A bare number must not decide on a card that came in while it was typed. */
function refuseAmbiguous(entries: readonly ShownCard[]): void {
  const deciding = entries.filter(({ buttons, card }) => {
    const offered = (id: Button['id']) =>
      buttons.some((one) => one.id === id) && card.buttons.some((one) => one.id === id);
    return offered('approve');
  });
  const [first] = deciding;
  if (deciding.length < 2 || first === undefined) return;
  throw new AppError(
    'INVALID_INPUT',
    `${deciding.length} cards wait for a decision: ${deciding.map(({ number }) => `#${number}`).join(', ')}`,
    { hint: `name the card too, for example: #${first.number} 1` },
  );
}

function pressable(entry: ShownCard, button: number): Button {
  const seen = entry.buttons[button - 1];
  if (seen === undefined) {
    const count = entry.buttons.length;
    throw new AppError('INVALID_INPUT', `card #${entry.number} has no button ${button}`, {
      hint: count === 0 ? 'use a command: /agent help lists them' : `its buttons are numbered 1 to ${count}`,
    });
  }
  if (!entry.card.buttons.some(({ id, subject }) => id === seen.id && subject === seen.subject)) {
    const state = entry.card.state === null ? '' : `: it is ${escapeLine(entry.card.state.label)} now`;
    throw new AppError(
      'WRONG_STATE',
      `card #${entry.number} no longer offers ${escapeLine(seen.label)}${state}`,
      {
        hint: 'look at its newest line',
      },
    );
  }
  return seen;
}

function unknownCard(number: number | null): AppError {
  return number === null
    ? new AppError('INVALID_INPUT', 'there is no card with buttons yet', {
        hint: 'type /agent help for the commands',
      })
    : new AppError('INVALID_INPUT', `there is no card #${number}`, {
        hint: 'cards are numbered as they are printed: #1, #2, …',
      });
}
