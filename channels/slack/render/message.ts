import type { Card } from '../../../src/conversation/card.ts';
import { escapeLine } from '../../../src/lib/escape-text.ts';
import type { KnownBlock } from './block-kit.ts';
import { actionsBlock } from './buttons.ts';
import { plainLines, weigh } from './elements.ts';
import { shortLine } from '../../shared/fit.ts';
import { SLACK_LIMITS } from './limits.ts';
import {
  codePart,
  fieldsPart,
  outputPart,
  type Part,
  tablePart,
  textPart,
  timelinePart,
  titlePart,
  warningsPart,
} from './parts.ts';

export interface RenderedMessage {
  /** What notifications and screen readers say; `& < >` are escaped, so that nothing in it mentions anybody. */
  text: string;
  blocks: KnownBlock[];
  /** What is not shown whole. */
  cut: { code: boolean; output: boolean; rest: boolean };
}

/** A card as a message. Whatever the card holds, the message is within {@link SLACK_LIMITS} and nothing in it is markup. */
export function renderMessage(card: Card): RenderedMessage {
  return { text: fallback(card), ...renderBlocks(card, SLACK_LIMITS.totalWeight) };
}

/** Kept free for what comes after the output of an action and tells what it was. */
const ROOM_AFTER_OUTPUT = 3000;
const MAX_WARNINGS_WEIGHT = 1500;
/** Kept free by words for facts, and by facts and rows for history. */
const ROOM_AFTER_TEXT = 1500;
const ROOM_AFTER_TABLE = 700;
/** The line that says that something is missing. */
const NOTICE_WEIGHT = 400;

/**
 * The blocks of a card within a weight. Room is given in the order of importance, not in that of reading: first what is decided on and
 * the buttons, then warnings, output, words, facts and history.
 */
export function renderBlocks(card: Card, weight: number): Omit<RenderedMessage, 'text'> {
  let room = weight - NOTICE_WEIGHT;
  const take = (part: Part): Part => {
    room -= weigh(...part.blocks);
    return part;
  };
  const title = take(titlePart(card));
  const actions = actionsBlock(card.buttons);
  const buttons = take({
    blocks: actions === null ? [] : [actions.block],
    cut: (actions?.missing ?? card.buttons.length) > 0,
  });
  const code = take(codePart(card, room));
  const warnings = take(warningsPart(card, Math.min(room, MAX_WARNINGS_WEIGHT)));
  const output = take(outputPart(card, room - ROOM_AFTER_OUTPUT));
  const text = take(textPart(card, room - ROOM_AFTER_TEXT));
  const fields = take(fieldsPart(card, room - ROOM_AFTER_TABLE));
  const table = take(tablePart(card, room - ROOM_AFTER_TABLE));
  const timeline = take(timelinePart(card, room));
  // What a list explains comes after it; what happened comes before the facts.
  const explains = card.kind === 'list' || card.kind === 'help';
  const body = explains ? [output, fields, table, text] : [text, output, fields, table];
  const rest = [title, warnings, text, fields, table, timeline, buttons].some(({ cut }) => cut);
  const notice = { blocks: rest ? [TOO_LONG] : [] };
  const parts = [title, code, warnings, ...body, timeline, notice, buttons];
  return {
    blocks: parts.flatMap(({ blocks }) => blocks),
    cut: { code: code.cut, output: output.cut, rest },
  };
}

const TOO_LONG: KnownBlock = {
  type: 'context',
  elements: [plainLines('⚠️ This is too long for one message: a part of it is not shown.')],
};

function fallback({ title, state, kind, text }: Card): string {
  const sentence = kind === 'notice' || kind === 'error';
  const words = [
    state === null ? title : `${title}: ${state.label}`,
    ...(sentence ? text.slice(0, 1) : []),
  ].map((part) => part.slice(0, SLACK_LIMITS.fallbackCharacters));
  return shortLine(escapeLine(words.join(' - ')), SLACK_LIMITS.fallbackCharacters)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
