import { BLANK_CARD, type Card } from '../../src/conversation/card.ts';

/** A few words of the channel itself, for one person. */
export function noticeCard(title: string, text: readonly string[] = []): Card {
  return { ...BLANK_CARD, title, text };
}

/** For who asked for what could not be saved. */
export const NOT_TAKEN = noticeCard('Your request could not be taken', [
  'Nothing was done. Please ask again.',
]);
