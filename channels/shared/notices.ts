import type { Card } from '../../src/conversation/card.ts';

/** A few words of the channel itself, for one person. */
export function noticeCard(title: string, text: readonly string[] = []): Card {
  return {
    kind: 'notice',
    title,
    state: null,
    fields: [],
    code: null,
    output: null,
    timeline: [],
    table: null,
    text,
    warnings: [],
    buttons: [],
  };
}

/** For who waits while the store does not answer. */
export const SLOW = noticeCard('Airlock is slow: your request is not saved yet', [
  'Its answer follows. If there is none within a minute, ask again.',
]);

/** For who asked for what could not be saved. */
export const NOT_TAKEN = noticeCard('Your request could not be taken', [
  'Nothing was done. Please ask again.',
]);
