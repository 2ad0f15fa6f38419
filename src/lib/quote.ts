import { escapeLine } from './escape-text.ts';

/** A value in an error message stays readable up to here. */
const MAX_QUOTED = 80;

/** What somebody typed, quoted for a one-line message: escaped and cut. */
export function quote(text: string): string {
  const cut = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
  return `"${escapeLine(cut)}"`;
}
