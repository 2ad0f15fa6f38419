import type { Card } from '../../src/conversation/card.ts';

/** What is new on a card since it was last shown. */
export interface CardNews {
  /** Moves not shown yet, oldest first; the last one with the new state. */
  moves: readonly string[];
  warnings: readonly string[];
  text: readonly string[];
  /** Only told when the state changed: figures that merely grow old are not worth a line. */
  fields: readonly { label: string; value: string }[];
  /** Other buttons are offered now, or none. */
  buttonsChanged: boolean;
}

export function cardNews(before: Card, after: Card): CardNews {
  const moved = before.state?.label !== after.state?.label && !isStillUnderWay(before, after);
  const moves = newMoves(before.timeline, after.timeline);
  return {
    moves: moved ? withState(moves, after.state) : moves,
    warnings: after.warnings.filter((text) => !before.warnings.includes(text)),
    text: after.text.filter((text) => !before.text.includes(text)),
    fields: moved
      ? after.fields.filter(
          ({ label, value }) =>
            !before.fields.some((field) => field.label === label && field.value === value),
        )
      : [],
    buttonsChanged: buttonsText(before) !== buttonsText(after),
  };
}

/** From one step to the next of what only has to get done: the spinner shows it. */
function isStillUnderWay(before: Card, after: Card): boolean {
  const inProgress = (card: Card) => card.state?.tone === 'progress';
  return after.timeline.length === 0 && inProgress(before) && inProgress(after);
}

/** The last move with the state it led to, where that is an end and says more: `COMPLETED - done, exit code 0`. */
export function withState(moves: readonly string[], state: Card['state']): string[] {
  if (state === null) return [...moves];
  const last = moves.at(-1);
  if (last === undefined) return [state.label];
  const same = last.toLowerCase() === state.label.toLowerCase() || last.startsWith(`${state.label}:`);
  const told = same || state.tone === 'progress';
  return [...moves.slice(0, -1), told ? last : `${last} - ${state.label}`];
}

/** The timeline only grows at its end, but keeps a bounded number of entries: the longest overlap tells what is new. */
function newMoves(before: Card['timeline'], after: Card['timeline']): string[] {
  const same = (start: number) =>
    before.slice(start).every((entry, at) => after[at]?.at === entry.at && after[at]?.label === entry.label);
  let start = 0;
  while (!same(start)) start += 1;
  return after.slice(before.length - start).map((entry) => entry.label);
}

function buttonsText(card: Card): string {
  return card.buttons.map(({ id, subject, hash }) => `${id} ${subject} ${hash}`).join();
}
