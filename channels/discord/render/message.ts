import type { APIEmbed } from 'discord.js';
import type { Card, Tone } from '../../../src/conversation/card.ts';
import { WHERE_WHOLE } from '../../shared/part-words.ts';
import { MARKS } from '../../shared/words.ts';
import { type ButtonRow, buttonRows } from './buttons.ts';
import { DISCORD_LIMITS } from './limits.ts';
import { charactersInBlock } from './markdown.ts';
import {
  codePart,
  fieldsPart,
  headline,
  joined,
  outputPart,
  type Part,
  tablePart,
  textPart,
  timelinePart,
  warningsPart,
} from './parts.ts';

export interface RenderedMessage {
  /** The headline and what is decided on: shown also where embeds are not. */
  content: string;
  /** All else, at most one. */
  embeds: APIEmbed[];
  components: ButtonRow[];
  /** What is not shown whole. */
  cut: { code: boolean; output: boolean; rest: boolean };
}

const COLOURS = {
  neutral: 0x80848e,
  progress: 0x5865f2,
  waiting: 0xf0b232,
  success: 0x23a55a,
  warning: 0xe67e22,
  failure: 0xda373c,
} as const satisfies Record<Tone, number>;

const MAX_WARNINGS = 800;
/** Kept free for what comes after and tells what the output was. */
const ROOM_AFTER_OUTPUT = 1200;
/** Kept free by words for facts, and by facts for rows. */
const ROOM_AFTER_TEXT = 600;
const ROOM_AFTER_FIELDS = 200;
/** Beside the longest description within what all of an embed may have. */
const TIMELINE_CHARACTERS = 1800;
/** A message is found again by its embed, so there is always one. */
const NOTHING_YET = 'No output yet';
const TOO_LONG = `${MARKS.warning} This is too long for one message: a part of it is not shown.`;

/**
 * A card as a message. Whatever the card holds, the message is within {@link DISCORD_LIMITS} and nothing in it is markup. `whereWhole`
 * says where all of an action's code and output is that is cut, null nothing of it. Default: in the thread's file and behind View full.
 */
export function renderMessage(card: Card, whereWhole: string | null = WHERE_WHOLE): RenderedMessage {
  const title = headline(card);
  let room = DISCORD_LIMITS.descriptionCharacters - TOO_LONG.length - 10;
  const take = (part: Part): Part => {
    room -= part.text.length + 1;
    return part;
  };
  const { content, below } = placeCode(card, title, whereWhole);
  const code = take(below);
  const warnings = take(warningsPart(card, Math.min(room, MAX_WARNINGS)));
  const output = take(outputPart(card, isOnlyHere(card) ? room : room - ROOM_AFTER_OUTPUT, whereWhole));
  const text = take(textPart(card, room - ROOM_AFTER_TEXT));
  const fields = take(fieldsPart(card, room - ROOM_AFTER_FIELDS));
  const table = take(tablePart(card, room));
  const timeline = timelinePart(card, TIMELINE_CHARACTERS);
  const buttons = buttonRows(card.buttons);
  const rest = buttons.missing > 0 || [title, warnings, text, fields, table, timeline].some(({ cut }) => cut);
  // What a list explains comes after it; what happened comes before the facts.
  const explains = card.kind === 'list' || card.kind === 'help';
  const body = explains ? [output, fields, table, text] : [text, output, fields, table];
  const notice = rest ? TOO_LONG : '';
  const description = joined([code, warnings, ...body].map((part) => part.text).concat(notice));
  const only = content.text === title.text ? title.text : NOTHING_YET;
  const embed = embedOf(card, description, timeline.text);
  return {
    content: embed === null && only === title.text ? '' : content.text,
    embeds: [embed ?? { description: only, color: colourOf(card) }],
    components: buttons.rows,
    cut: { code: content.cut || code.cut, output: output.cut, rest },
  };
}

/**
 * Code stands in the content, where nothing hides it from who sees the buttons. What has become too long by writing out backticks
 * stands in the embed, whole.
 */
function placeCode(card: Card, title: Part, whereWhole: string | null): { content: Part; below: Part } {
  const shown = codePart(card, DISCORD_LIMITS.contentCharacters - title.text.length - 1, whereWhole);
  const content = { text: joined([title.text, shown.text]), cut: shown.cut };
  const none = { text: '', cut: false };
  if (!shown.cut) return { content, below: none };
  const room = DISCORD_LIMITS.descriptionCharacters - TOO_LONG.length - ROOM_AFTER_OUTPUT;
  const below = codePart(card, room, whereWhole);
  return below.cut ? { content, below: none } : { content: { text: title.text, cut: false }, below };
}

/** True for output that has no file, since a card of this channel counts as having room for it. So it goes before words and facts. */
function isOnlyHere({ output, code }: Card): boolean {
  if (output === null || output.live) return false;
  const both = charactersInBlock(output.text) + charactersInBlock(code?.text ?? '');
  return both <= DISCORD_LIMITS.outputCharacters + DISCORD_LIMITS.codeCharacters;
}

/** Null where there is nothing to put into one. */
function embedOf(card: Card, description: string, footer: string): APIEmbed | null {
  if (description === '' && footer === '') return null;
  return {
    color: colourOf(card),
    ...(description === '' ? {} : { description }),
    ...(footer === '' ? {} : { footer: { text: footer } }),
  };
}

function colourOf({ kind, state }: Card): number {
  return COLOURS[state?.tone ?? (kind === 'error' ? 'failure' : 'neutral')];
}
