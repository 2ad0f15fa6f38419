import type { Card } from '../../src/conversation/card.ts';

/** A card for a window, which shows code and output: where it has neither, all its words become the text to be read. */
export function inFull(card: Card): Card {
  if (card.code !== null || card.output !== null) return card;
  return { ...card, code: { label: 'All of it', text: fullText(card) } };
}

function fullText({ warnings, text, fields, table, timeline }: Card): string {
  const paragraphs = [
    ...warnings,
    ...text,
    fields.map(({ label, value }) => `${label}: ${value}`).join('\n'),
    // One below the other: columns do not fit on a phone.
    ...(table ?? [])
      .slice(1)
      .map(([first, ...rest]) => [first ?? '', ...rest.map((cell) => `    ${cell}`)].join('\n')),
    timeline.map(({ at, label }) => `${new Date(at).toISOString()} ${label}`).join('\n'),
  ];
  return paragraphs.filter((paragraph) => paragraph !== '').join('\n\n');
}
