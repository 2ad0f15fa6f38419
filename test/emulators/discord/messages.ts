import type { Core } from './core.ts';
import { requireValid, violate } from './core.ts';
import { refuse } from './errors.ts';
import type { MessageBody, Part } from './payloads.ts';
import type { Upload } from './request.ts';
import { checkMessage, FLAG, isEmpty } from './rules/messages.ts';
import { touchThread } from './threads.ts';
import type { AttachmentView, ComponentView, EmbedView } from './types.ts';
import type { Message, Room } from './world.ts';
import { messageView } from './views.ts';

const MOST_FILES = 10;

/** Gives every component without an `id` the next number, as Discord does. */
export function numberComponents(parts: readonly Part[]): ComponentView[] {
  let next = 0;
  const walk = (part: Part): ComponentView => {
    next += 1;
    const { components, component, accessory, ...rest } = part;
    return {
      ...JSON.parse(JSON.stringify(rest)),
      id: part.id ?? next,
      ...(components === undefined ? {} : { components: components.map(walk) }),
      ...(component === undefined ? {} : { component: walk(component) }),
      ...(accessory === undefined ? {} : { accessory: walk(accessory) }),
    };
  };
  return parts.map(walk);
}

function mentionsOf(core: Core, body: MessageBody, content: string) {
  const allowed = body.allowed_mentions;
  const parse = (kind: string) =>
    allowed?.parse?.includes(kind) ?? (allowed === undefined || allowed === null);
  const ids = (pattern: RegExp) => [...new Set([...content.matchAll(pattern)].flatMap(([, id]) => id ?? []))];
  const users = ids(/<@!?(\d+)>/g).filter((id) => core.world.people.has(id));
  const roles = ids(/<@&(\d+)>/g).filter((id) => core.world.roles.has(id));
  return {
    everyone: parse('everyone') && /@(everyone|here)/.test(content),
    users: users.filter((id) => parse('users') || allowed?.users?.includes(id) === true),
    roles: roles.filter((id) => parse('roles') || allowed?.roles?.includes(id) === true),
  };
}

/** All text of a message that can mention somebody. */
function spoken(body: MessageBody): string {
  const texts = (parts: readonly Part[]): string[] =>
    parts.flatMap((part) => [part.content ?? '', ...texts(part.components ?? [])]);
  return [body.content ?? '', ...texts(body.components ?? [])].join('\n');
}

function keepFiles(
  core: Core,
  message: Message,
  body: MessageBody,
  uploads: readonly Upload[],
): AttachmentView[] {
  return uploads.map(({ index, name, contentType, bytes }) => {
    const told = body.attachments?.find(({ id }) => String(id) === index);
    const id = core.world.nextId();
    const filename = told?.filename ?? name;
    const url = `${core.origin}/attachments/${message.channelId}/${id}/${encodeURIComponent(filename)}`;
    core.world.files.push({
      id,
      messageId: message.id,
      channelId: message.channelId,
      name: filename,
      contentType,
      bytes,
      text: () => bytes.toString('utf8'),
    });
    return {
      id,
      filename,
      size: bytes.length,
      content_type: contentType,
      url,
      proxy_url: url,
      ...(typeof told?.description === 'string' ? { description: told.description } : {}),
      ...(message.visibleTo === null ? {} : { ephemeral: true }),
    };
  });
}

function requireFiles(core: Core, route: string, uploads: readonly Upload[], kept: number): void {
  if (uploads.length + kept > MOST_FILES) {
    violate(core, route, 'files-count', `${uploads.length + kept} files`);
    refuse(30015);
  }
  const tooLarge = uploads.find(({ bytes }) => bytes.length > core.limits.fileBytes);
  if (tooLarge !== undefined) {
    violate(core, route, 'file-size', `${tooLarge.name} has ${tooLarge.bytes.length} bytes`);
    refuse(40005);
  }
}

export interface NewMessage {
  room: Room;
  authorId: string;
  body: MessageBody;
  uploads?: readonly Upload[];
  visibleTo?: string | null;
  answers?: Message['answers'];
  /** Flags that Discord sets, such as "thinking". */
  setFlags?: number;
  type?: number;
  route: string;
}

/** Checks and keeps a new message and tells of it; in an archived thread this opens the thread. */
export function createMessage(core: Core, made: NewMessage): Message {
  const { room, body, route } = made;
  const uploads = made.uploads ?? [];
  const visibleTo = made.visibleTo ?? null;
  requireValid(core, route, checkMessage(body));
  requireFiles(core, route, uploads, 0);
  const loading = ((made.setFlags ?? 0) & FLAG.loading) !== 0;
  if (!loading && (made.type ?? 0) === 0 && isEmpty(body, uploads.length)) {
    violate(core, route, 'empty-message', 'nothing to show');
    refuse(50006);
  }
  const ours = FLAG.componentsV2 | FLAG.suppressEmbeds;
  const mentions = mentionsOf(core, body, spoken(body));
  const message: Message = {
    id: core.world.nextId(),
    channelId: room.id,
    authorId: made.authorId,
    type: made.type ?? ((made.answers ?? null) === null ? 0 : made.answers?.type === 2 ? 20 : 19),
    content: body.content ?? '',
    embeds: (body.embeds ?? []).map(
      (embed): EmbedView => ({ type: 'rich', ...JSON.parse(JSON.stringify(embed)) }),
    ),
    components: numberComponents(body.components ?? []),
    attachments: [],
    flags: ((body.flags ?? 0) & ours) | (made.setFlags ?? 0) | (visibleTo === null ? 0 : FLAG.ephemeral),
    createdAt: core.clock.now(),
    editedAt: null,
    nonce: body.nonce ?? null,
    everyone: mentions.everyone,
    mentionedUsers: mentions.users,
    mentionedRoles: mentions.roles,
    repliesTo: body.message_reference?.message_id ?? null,
    visibleTo,
    answers: made.answers ?? null,
    threadId: null,
    earlier: [],
  };
  message.attachments = keepFiles(core, message, body, uploads);
  room.messages.push(message);
  rings(core, message, mentions);
  if (visibleTo === null) {
    touchThread(core, room);
    core.dispatch('MESSAGE_CREATE', { ...messageView(message, core.world), guild_id: core.world.guild.id });
  }
  core.changed();
  return message;
}

function rings(
  core: Core,
  message: Message,
  { everyone, users, roles }: ReturnType<typeof mentionsOf>,
): void {
  if (everyone || users.length > 0 || roles.length > 0)
    core.world.pings.push({ messageId: message.id, everyone, users, roles });
}

/** Checks and makes an edit. What the body leaves out stays. */
export function editMessage(
  core: Core,
  message: Message,
  body: MessageBody,
  { route, uploads = [] }: { route: string; uploads?: readonly Upload[] },
): void {
  const unset = message.flags & FLAG.loading;
  const merged: MessageBody = {
    ...body,
    content: body.content === undefined ? message.content : body.content,
    flags: body.flags ?? message.flags & ~FLAG.loading,
  };
  requireValid(core, route, checkMessage(merged, message.flags));
  const kept =
    (body.attachments ?? null) === null
      ? message.attachments
      : message.attachments.filter(({ id }) => body.attachments?.some((told) => String(told.id) === id));
  requireFiles(core, route, uploads, kept.length);
  const shown = {
    ...merged,
    embeds: body.embeds ?? (body.embeds === null ? [] : message.embeds),
    components: body.components ?? (body.components === null ? [] : message.components),
  };
  if (isEmpty(shown, uploads.length + kept.length)) {
    violate(core, route, 'empty-message', 'the edit leaves nothing to show');
    refuse(50006);
  }
  const wasV2 = (message.flags & FLAG.componentsV2) !== 0;
  message.content = merged.content ?? '';
  if (body.embeds !== undefined)
    message.embeds = (body.embeds ?? []).map(
      (embed): EmbedView => ({ type: 'rich', ...JSON.parse(JSON.stringify(embed)) }),
    );
  if (body.components !== undefined) {
    message.earlier.push(message.components);
    message.components = numberComponents(body.components ?? []);
  }
  message.attachments = [...kept, ...keepFiles(core, message, body, uploads)];
  const mentions = mentionsOf(core, body, spoken(merged));
  message.everyone = mentions.everyone;
  message.mentionedUsers = mentions.users;
  message.mentionedRoles = mentions.roles;
  // The end of a deferral is the message's first appearance: it rings, and it is no edit.
  if (unset !== 0) rings(core, message, mentions);
  else message.editedAt = core.clock.now();
  message.flags &= ~FLAG.loading;
  if (wasV2 || ((body.flags ?? 0) & FLAG.componentsV2) !== 0) message.flags |= FLAG.componentsV2;
  if (message.visibleTo === null)
    core.dispatch('MESSAGE_UPDATE', { ...messageView(message, core.world), guild_id: core.world.guild.id });
  core.changed();
}

export function deleteMessage(core: Core, room: Room, message: Message): void {
  room.messages = room.messages.filter((other) => other !== message);
  if (message.visibleTo === null)
    core.dispatch('MESSAGE_DELETE', { id: message.id, channel_id: room.id, guild_id: core.world.guild.id });
  core.changed();
}
