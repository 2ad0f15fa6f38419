import type {
  KnownBlock,
  PlainTextElement,
  RichTextBlock,
  RichTextBlockElement,
  RichTextText,
} from './block-kit.ts';
import { shortLine } from '../../shared/fit.ts';
import { SLACK_LIMITS } from './limits.ts';

/**
 * The only makers of text in this channel: plain text and rich text have no markup, so nothing in them can become a mention, a link
 * or a format. There is no maker of mrkdwn.
 */
export function plain(text: string, characters: number = SLACK_LIMITS.sectionCharacters): PlainTextElement {
  return { type: 'plain_text', text: shortLine(text, characters), emoji: false };
}

/** Lines that are escaped and cut already. */
export function plainLines(text: string): PlainTextElement {
  return { type: 'plain_text', text, emoji: false };
}

export function word(text: string): RichTextText {
  return { type: 'text', text };
}

export function strong(text: string): RichTextText {
  return { type: 'text', text, style: { bold: true } };
}

/** Lines of words; each ends where the next begins. */
export type Line = readonly RichTextText[];

export function paragraph(...lines: readonly Line[]): RichTextBlockElement {
  return { type: 'rich_text_section', elements: joined(lines) };
}

/** Set off with a bar at its side. */
export function quoted(...lines: readonly Line[]): RichTextBlockElement {
  return { type: 'rich_text_quote', elements: joined(lines) };
}

export function preformatted(text: string): RichTextBlockElement {
  return { type: 'rich_text_preformatted', elements: [word(text)] };
}

export function richText(...elements: readonly RichTextBlockElement[]): RichTextBlock {
  return { type: 'rich_text', elements: [...elements] };
}

/** What blocks cost of {@link SLACK_LIMITS.totalWeight}. */
export function weigh(...blocks: readonly KnownBlock[]): number {
  return blocks.reduce(
    (sum, block) => sum + SLACK_LIMITS.blockWeight + Buffer.byteLength(JSON.stringify(block)),
    0,
  );
}

/** One section with line breaks: sections that follow each other are not set apart alike by all clients. Empty texts are refused. */
function joined(lines: readonly Line[]): RichTextText[] {
  return lines
    .flatMap((line, at) => (at === 0 ? line : [word('\n'), ...line]))
    .filter(({ text }) => text !== '');
}
