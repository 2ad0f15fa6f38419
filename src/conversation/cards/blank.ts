import { escapeLine } from '../../lib/escape-text.ts';
import { BLANK_CARD, type Card, type CardField, type CardKind, type Tone } from '../card.ts';

/** Platforms cut titles anyway, and in different places. */
const MAX_TITLE = 200;

/** A card with everything left out empty. The title is escaped and cut: it is the one text channels may not wrap. */
export function card(kind: CardKind, title: string, parts: Partial<Omit<Card, 'kind' | 'title'>> = {}): Card {
  const line = escapeLine(title);
  return {
    ...BLANK_CARD,
    kind,
    title: line.length > MAX_TITLE ? `${line.slice(0, MAX_TITLE)}…` : line,
    ...parts,
  };
}

export function state(label: string, tone: Tone): Card['state'] {
  return { label, tone };
}

/** The fields that have a value. */
export function fields(...pairs: readonly (readonly [label: string, value: string | null])[]): CardField[] {
  return pairs.flatMap(([label, value]) => (value === null || value === '' ? [] : [{ label, value }]));
}
