/**
 * Stands in hints for the root command: what it is called is known only where the hint is told, for each channel may have its own. Only
 * for errors that refuse a request; what is kept in a record is read on every channel.
 */
export const ROOT_WORD = '{root}';

/** The text as people of one channel type it. */
export function withRoot(text: string, root: string): string {
  return text.replaceAll(ROOT_WORD, root);
}
