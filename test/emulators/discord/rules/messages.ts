import type { Problem } from '../errors.ts';
import type { Embed, MessageBody } from '../payloads.ts';
import { characters, type Checker, createChecker } from './checker.ts';
import { checkComponents } from './components.ts';

export const FLAG = {
  hasThread: 32,
  ephemeral: 64,
  loading: 128,
  suppressEmbeds: 4,
  componentsV2: 1 << 15,
} as const;

const MOST_CONTENT = 2000;
const MOST_EMBED_TEXT = 6000;

function embedCharacters(embed: Embed): number {
  const fields = embed.fields ?? [];
  return (
    characters(embed.title) +
    characters(embed.description) +
    characters(embed.footer?.text) +
    characters(embed.author?.name) +
    fields.reduce((sum, field) => sum + characters(field.name) + characters(field.value), 0)
  );
}

function checkEmbed(check: Checker, at: string, embed: Embed): void {
  check.text(`${at}.title`, 'embed', embed.title, 256);
  check.text(`${at}.description`, 'embed', embed.description, 4096);
  check.text(`${at}.footer.text`, 'embed', embed.footer?.text, 2048);
  check.text(`${at}.author.name`, 'embed', embed.author?.name, 256);
  check.count(`${at}.fields`, 'embed', embed.fields ?? [], 25);
  for (const [index, field] of (embed.fields ?? []).entries()) {
    check.text(`${at}.fields.${index}.name`, 'embed', field.name, 256, { least: 1 });
    check.text(`${at}.fields.${index}.value`, 'embed', field.value, 1024, { least: 1 });
  }
}

/** A message to create, or an edit of one that has the flags `before`. */
export function checkMessage(body: MessageBody, before = 0): Problem[] {
  const check = createChecker();
  const flags = (body.flags ?? before) | (before & FLAG.componentsV2);
  const v2 = (flags & FLAG.componentsV2) !== 0;
  check.text('content', 'content-length', body.content, MOST_CONTENT);
  check.count('embeds', 'embed', body.embeds ?? [], 10);
  for (const [index, embed] of (body.embeds ?? []).entries()) checkEmbed(check, `embeds.${index}`, embed);
  if ((body.embeds ?? []).reduce((sum, embed) => sum + embedCharacters(embed), 0) > MOST_EMBED_TEXT)
    check.fail('embeds', 'embed-total', 'Embed size exceeds maximum size of 6000', 'MAX_EMBED_SIZE_EXCEEDED');
  if (body.nonce !== undefined) check.text('nonce', 'nonce-length', String(body.nonce), 25, { least: 1 });
  if (v2) {
    for (const [field, used] of [
      ['content', (body.content ?? '') !== ''],
      ['embeds', (body.embeds ?? []).length > 0],
      ['poll', body.poll !== undefined && body.poll !== null],
      ['sticker_ids', (body.sticker_ids ?? []).length > 0],
    ] as const)
      if (used)
        check.fail(
          field,
          'v2-exclusive',
          `The '${field}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2`,
          'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2',
        );
  }
  check.problems.push(...checkComponents(body.components ?? [], v2));
  return check.problems;
}

/** Whether a message with nothing else would show anything. */
export function isEmpty(body: MessageBody, files: number): boolean {
  return (
    (body.content ?? '').trim() === '' &&
    (body.embeds ?? []).length === 0 &&
    (body.components ?? []).length === 0 &&
    (body.sticker_ids ?? []).length === 0 &&
    (body.poll ?? null) === null &&
    files === 0
  );
}
