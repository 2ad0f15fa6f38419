import type { Card } from '../../src/conversation/card.ts';
import { jsonBytes, type Room, shortLine } from './fit.ts';
import { figure, timeOf } from './words.ts';

/** The last so many. */
const MAX_STEPS = 6;
/** Of one step: the reason of a denial stands here and nowhere else. */
const STEP_CHARACTERS = 700;
/** Time, date and what stands between two steps. */
const AROUND_STEP = 30;

/** The last steps within the room, with the date where it changes; null where there is none to show. */
export function timelineText(timeline: Card['timeline'], { characters, bytes }: Room): string | null {
  const steps: string[] = [];
  let charactersLeft = characters;
  let bytesLeft = bytes;
  for (const step of timeline.toReversed()) {
    const line = shortLine(step.label, STEP_CHARACTERS);
    charactersLeft -= line.length + AROUND_STEP;
    bytesLeft -= jsonBytes(line) + AROUND_STEP;
    if (charactersLeft < 0 || bytesLeft < 0 || steps.length >= MAX_STEPS) break;
    steps.unshift(line);
  }
  if (steps.length === 0) return null;
  const missing = timeline.length - steps.length;
  const shown = timeline.slice(missing);
  const lines = steps.map((line, at) => `${timeOf(shown[at]?.at ?? 0, shown[at - 1]?.at ?? null)} ${line}`);
  const before = missing === 0 ? [] : [`${figure(missing)} earlier`];
  // Bare states fit on a line; sentences get one each.
  const text = [...before, ...lines].join(steps.some((line) => line.includes(' ')) ? '\n' : ' → ');
  return `${text} (UTC)`;
}
