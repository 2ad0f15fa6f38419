import type { AttachmentPayload } from 'discord.js';
import type { Card } from '../../src/conversation/card.ts';
import { escapeText } from '../../src/lib/escape-text.ts';
import { inFull } from '../shared/full-text.ts';
import { renderMessage, type RenderedMessage } from './render/message.ts';

/** Below what Discord takes of a file (10 MiB). */
const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** What Discord is given. Nothing in it mentions anybody. */
export type PrivateMessage = Omit<RenderedMessage, 'cut'> & {
  files: AttachmentPayload[];
  allowedMentions: { parse: [] };
};

/**
 * A card for one person. What does not fit into the message is in a file beside it, so that an answer is always whole, but for output
 * beyond {@link MAX_FILE_BYTES}.
 */
export function privateMessage(card: Card): PrivateMessage {
  const { cut } = renderMessage(card);
  if (!cut.code && !cut.output && !cut.rest) return payload(card, []);
  const shown = { ...card, text: [...card.text, 'All of it is in the file.'] };
  return payload(shown, [{ name: 'all-of-it.txt', attachment: Buffer.from(wholeText(card)) }]);
}

function payload(card: Card, files: AttachmentPayload[]): PrivateMessage {
  const { cut: _cut, ...message } = renderMessage(card, null);
  return { ...message, files, allowedMentions: { parse: [] } };
}

function wholeText(card: Card): string {
  const { title, code, output } = inFull(card);
  const parts = [
    title,
    ...(code === null ? [] : [`${code.label}:\n${code.text}`]),
    ...(output === null ? [] : [`Output:\n${output.text}`]),
  ];
  const bytes = Buffer.from(escapeText(parts.join('\n\n')));
  if (bytes.length <= MAX_FILE_BYTES) return bytes.toString();
  return `${bytes.subarray(0, MAX_FILE_BYTES).toString()}\n\n(cut here: more than ${MAX_FILE_BYTES} bytes)\n`;
}
