/**
 * What Slack makes of typed text: `& < >` as entities, and in angle brackets links, mentions and dates. A bare `<` is always Slack's own,
 * since a typed one arrives as `&lt;`.
 */
const MARK = /<([^<>]*)>|&(amp|lt|gt);/g;
const ENTITIES = { amp: '&', lt: '<', gt: '>' } as const;
/** A mention: its sign as typed, an id, and the name where Slack knows it. */
const MENTION = /^([@#!])([^|]*)(?:\|(.*))?$/s;
const LINK = /^((?:https?|ftp|mailto|tel|slack):[^|]*)(?:\|(.*))?$/is;

/**
 * What Slack escaped, back to what was typed; in one pass, so that a typed `&amp;` stays one. Of a link the label is what was typed:
 * Slack links `example.com` by itself. Nothing else is changed. Curly quotes and long dashes that a phone typed stay as they are,
 * because the bytes that are shown are the bytes that are hashed and run; `channels/shared/lookalikes.ts` tells of them.
 */
export function decodeText(text: string): string {
  return text.replaceAll(MARK, (whole: string, inside: string | undefined, entity: string | undefined) => {
    if (entity === 'amp' || entity === 'lt' || entity === 'gt') return ENTITIES[entity];
    const typed = typedAs(inside ?? '');
    return typed === null ? whole : entities(typed);
  });
}

/**
 * What stands after a leading mention of the bot in the text of an `app_mention`, still escaped; null when the mention is not the
 * first thing said, so that talk about the bot is not taken for a command.
 */
export function stripMention(text: string, botUserId: string): string | null {
  const [whole, id] = /^\s*<@([A-Z0-9]+)(?:\|[^<>]*)?>[:,]?\s*/.exec(text) ?? [];
  return whole === undefined || id !== botUserId ? null : text.slice(whole.length);
}

/**
 * The line inside, where the whole text stands in one code span or code block, as people write commands in Slack: left as they are, the
 * backticks would run the line and then its output. Any other text is given back.
 */
export function unwrapCode(text: string): string {
  const [, block] = /^\s*```\n?([^`]*?)\n?```\s*$/.exec(text) ?? [];
  const [, span] = /^\s*`([^`\n]+)`\s*$/.exec(text) ?? [];
  return block ?? span ?? text;
}

/** What stands between angle brackets as somebody typed it, entities left in; null for what Slack does not write. */
function typedAs(inside: string): string | null {
  const link = LINK.exec(inside);
  if (link !== null) {
    const [, target = '', label] = link;
    return label ?? target.replace(/^mailto:/i, '');
  }
  const mention = MENTION.exec(inside);
  if (mention === null) return null;
  const [, sign = '', id = '', name] = mention;
  if (sign === '!') return special(id, name);
  if (name === undefined || name === '') return `${sign}${id}`;
  return name.startsWith(sign) ? name : `${sign}${name}`;
}

/** `<!here>`, `<!subteam^S1|@team>`, `<!date^…|as text>`. */
function special(id: string, name: string | undefined): string {
  const [kind = ''] = id.split('^');
  if (kind === 'date') return name ?? id;
  if (kind === 'subteam')
    return name === undefined || name === '' ? `@${id.slice('subteam^'.length)}` : at(name);
  return at(name ?? kind);
}

function at(name: string): string {
  return name.startsWith('@') ? name : `@${name}`;
}

function entities(text: string): string {
  return text.replaceAll(/&(amp|lt|gt);/g, (whole: string, entity: string) =>
    entity === 'amp' || entity === 'lt' || entity === 'gt' ? ENTITIES[entity] : whole,
  );
}
