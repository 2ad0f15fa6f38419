/** Whom a message notifies: what hostile text must never do. */
import { asList, asText, isJson } from './json.ts';
import type { Json } from './types.ts';

const MENTION = /<(?:!(?:channel|here|everyone)|!subteam\^\w+|@[UW]\w+)(?:\|[^>]*)?>/g;
const RICH_MENTIONS = ['broadcast', 'user', 'usergroup'];

/** Every mention that fires: in the top text, in mrkdwn and Markdown, and as an element of rich text. */
export function mentionsIn(text: string, blocks: readonly Json[]): string[] {
  return [...(text.match(MENTION) ?? []), ...blocks.flatMap(mentionsOf)];
}

function mentionsOf(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(mentionsOf);
  if (!isJson(node)) return [];
  const type = asText(node['type']);
  if (RICH_MENTIONS.includes(type)) return [JSON.stringify(node)];
  const own = type === 'mrkdwn' || type === 'markdown' ? (asText(node['text']).match(MENTION) ?? []) : [];
  return [...own, ...Object.values(node).flatMap(mentionsOf)];
}

/** Addresses behind which mrkdwn, Markdown or rich text put a link. */
export function linksIn(blocks: readonly Json[]): string[] {
  return asList([...blocks]).flatMap(linksOf);
}

function linksOf(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(linksOf);
  if (!isJson(node)) return [];
  const type = asText(node['type']);
  if (type === 'link') return [asText(node['url'])];
  const marked = type === 'mrkdwn' || type === 'markdown';
  const own = marked ? [...asText(node['text']).matchAll(/<((?:https?|mailto):[^|>]*)/g)] : [];
  return [...own.map(([, address]) => address ?? ''), ...Object.values(node).flatMap(linksOf)];
}
