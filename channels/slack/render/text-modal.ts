import { z } from 'zod';
import type { Card } from '../../../src/conversation/card.ts';
import { escapeText } from '../../../src/lib/escape-text.ts';
import type { Button, KnownBlock, ModalView } from './block-kit.ts';
import { figure } from '../../shared/words.ts';
import { paragraph, plain, preformatted, richText, strong, word } from './elements.ts';
import { fitText, jsonBytes, shortLine } from '../../shared/fit.ts';
import { checkedMetadata } from './form.ts';
import { SLACK_LIMITS } from './limits.ts';
import { titlePart } from './parts.ts';

/** The callback_id of the full text. */
export const TEXT_CALLBACK = 'airlock:text';

/** Not `airlock:`, so that no listener takes the pages for buttons of a card. */
export const PAGE_ACTION = /^airlock-page:(?:back|next)$/;

export interface TextPage {
  card: Card;
  /** From 1; beyond the last is the last. */
  page: number;
  /** Given back with every press of Back and Next; at most 3,000 characters. */
  privateMetadata: string;
}

interface Piece {
  label: string;
  text: string;
  /** 1 for the first of its label. */
  part: number;
}

const actionSchema = z.object({
  action_id: z.string().regex(PAGE_ACTION),
  value: z.string().regex(/^\d{1,6}$/),
});

/**
 * The full text of a card in pages: its code, then its output. The pages together are the whole escaped text. Throws INTERNAL when
 * `privateMetadata` is too long.
 */
export function renderTextModal({ card, page, privateMetadata }: TextPage): ModalView {
  const pages = pagesOf(card);
  const at = Math.min(Math.max(1, Math.trunc(page) || 1), pages.length);
  const pieces = pages[at - 1] ?? [];
  const place: KnownBlock = {
    type: 'context',
    elements: [plain(`page ${figure(at)} of ${figure(pages.length)}`)],
  };
  return {
    type: 'modal',
    callback_id: TEXT_CALLBACK,
    private_metadata: checkedMetadata(privateMetadata),
    title: plain(card.title, SLACK_LIMITS.viewTitleCharacters),
    close: plain('Close', SLACK_LIMITS.viewTitleCharacters),
    blocks: [
      ...titlePart(card).blocks,
      ...(pieces.length === 0 ? [richText(paragraph([word('There is no text.')]))] : []),
      ...pieces.map(({ label, text, part }) =>
        richText(
          paragraph([strong(shortLine(label, 100)), word(part === 1 ? '' : ' (continued)')]),
          preformatted(text),
        ),
      ),
      place,
      ...turns(at, pages.length),
    ],
  };
}

/** The page that a press of Back or Next (`block_actions` in a view) asks for; null when it is another button. */
export function decodePage(action: unknown): number | null {
  const parsed = actionSchema.safeParse(action);
  return parsed.success ? Number(parsed.data.value) : null;
}

function turns(at: number, last: number): KnownBlock[] {
  const elements = [
    ...(at > 1 ? [turn('back', 'Back', at - 1)] : []),
    ...(at < last ? [turn('next', 'Next', at + 1)] : []),
  ];
  return elements.length === 0 ? [] : [{ type: 'actions', elements }];
}

function turn(name: 'back' | 'next', label: string, page: number): Button {
  return {
    type: 'button',
    action_id: `airlock-page:${name}`,
    text: plain(label, SLACK_LIMITS.buttonCharacters),
    value: String(page),
  };
}

/** Pieces that fit together share a page. At least one page. */
function pagesOf({ code, output }: Card): Piece[][] {
  const pieces = [
    ...(code === null ? [] : piecesOf(code.label, code.text)),
    ...(output === null ? [] : piecesOf('Output', output.text)),
  ];
  const pages: Piece[][] = [[]];
  let room: number = SLACK_LIMITS.pageWeight;
  for (const piece of pieces) {
    const bytes = jsonBytes(piece.text);
    const page = pages.at(-1);
    if (page === undefined || (bytes > room && page.length > 0)) {
      pages.push([piece]);
      room = SLACK_LIMITS.pageWeight - bytes;
    } else {
      page.push(piece);
      room -= bytes;
    }
  }
  return pages;
}

function piecesOf(label: string, text: string): Piece[] {
  const pieces: Piece[] = [];
  let rest = escapeText(text);
  while (rest !== '') {
    const { text: piece } = fitText(rest.slice(0, SLACK_LIMITS.pageWeight + 1), {
      characters: SLACK_LIMITS.pageWeight,
      bytes: SLACK_LIMITS.pageWeight,
    });
    pieces.push({ label, text: piece, part: pieces.length + 1 });
    rest = rest.slice(piece.length);
  }
  return pieces;
}
