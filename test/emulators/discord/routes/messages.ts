import { refuse, Slowdown } from '../errors.ts';
import { createMessage, deleteMessage, editMessage } from '../messages.ts';
import { messageSchema } from '../payloads.ts';
import { bodyOf } from '../request.ts';
import { messageView } from '../views.ts';
import type { Message, Room } from '../world.ts';
import { type Desk, type HandlerTable, NO_CONTENT, ok, param, requireMessage, requireRoom } from './desk.ts';
import { isEmpty } from '../rules/messages.ts';

const HOUR_MS = 60 * 60_000;

/** The message that an earlier request with this nonce made. */
function replayed({ core }: Desk, nonce: string | number): Message | undefined {
  const since = core.clock.now() - core.limits.nonceMs;
  return [...core.world.rooms.values()]
    .flatMap(({ messages }) => messages)
    .find(
      (message) =>
        message.authorId === core.world.bot.id &&
        message.createdAt > since &&
        message.nonce !== null &&
        String(message.nonce) === String(nonce),
    );
}

function requireOpen(room: Room, mayManage: boolean): void {
  if (room.thread === null || !room.thread.locked) return;
  if (room.thread.archived) refuse(50083);
  if (!mayManage) refuse(160005);
}

function requireUnarchived(room: Room): void {
  if (room.thread?.archived === true) refuse(50083);
}

/** Messages as the bot posts, reads and changes them with its own token. */
export const messageRoutes: HandlerTable = {
  'POST /channels/:channel/messages': (desk, request) => {
    const { core } = desk;
    const body = bodyOf(core, request, messageSchema);
    const thread = (core.world.rooms.get(param(request, 'channel'))?.thread ?? null) !== null;
    const room = requireRoom(desk, request, thread ? 'SendMessagesInThreads' : 'SendMessages');
    if (request.uploads.length > 0) requireRoom(desk, request, 'AttachFiles');
    if ((body.embeds ?? []).length > 0 && isEmpty({ ...body, embeds: [] }, request.uploads.length))
      requireRoom(desk, request, 'EmbedLinks');
    if (room.recipientId !== null && core.world.people.get(room.recipientId)?.dm === false) refuse(50007);
    requireOpen(room, core.world.permissionsIn(room).has('ManageThreads'));
    const earlier =
      body.enforce_nonce === true && body.nonce !== undefined ? replayed(desk, body.nonce) : undefined;
    if (earlier !== undefined) return ok(messageView(earlier, core.world));
    const message = createMessage(core, {
      room,
      authorId: core.world.bot.id,
      body,
      uploads: request.uploads,
      route: request.route,
    });
    return ok(messageView(message, core.world));
  },
  'GET /channels/:channel/messages': (desk, request) => {
    const room = requireRoom(desk, request);
    const { limit = '50', before, after, around } = request.query;
    const most = Math.min(100, Math.max(1, Number(limit)));
    if (!desk.core.world.permissionsIn(room).has('ReadMessageHistory') && room.recipientId === null)
      return ok([]);
    const seen = room.messages.filter(({ visibleTo }) => visibleTo === null);
    const listed =
      before !== undefined
        ? seen.filter(({ id }) => BigInt(id) < BigInt(before)).slice(-most)
        : after !== undefined
          ? seen.filter(({ id }) => BigInt(id) > BigInt(after)).slice(0, most)
          : around !== undefined
            ? seen.filter(({ id }) => id === around)
            : seen.slice(-most);
    return ok(listed.toReversed().map((message) => messageView(message, desk.core.world)));
  },
  'GET /channels/:channel/messages/:message': (desk, request) => {
    const room = requireRoom(desk, request, 'ReadMessageHistory');
    return ok(messageView(requireMessage(room, param(request, 'message')), desk.core.world));
  },
  'PATCH /channels/:channel/messages/:message': (desk, request) => {
    const { core } = desk;
    const room = requireRoom(desk, request);
    const message = requireMessage(room, param(request, 'message'));
    if (message.authorId !== core.world.bot.id) refuse(50005);
    requireUnarchived(room);
    const waitMs = core.clock.now() - message.createdAt > HOUR_MS ? desk.countOldEdit(room.id) : null;
    if (waitMs !== null)
      throw new Slowdown(
        waitMs,
        30046,
        'Maximum number of edits to messages older than 1 hour reached. Try again later.',
      );
    editMessage(core, message, bodyOf(core, request, messageSchema), {
      route: request.route,
      uploads: request.uploads,
    });
    return ok(messageView(message, core.world));
  },
  'DELETE /channels/:channel/messages/:message': (desk, request) => {
    const room = requireRoom(desk, request);
    const message = requireMessage(room, param(request, 'message'));
    if (message.authorId !== desk.core.world.bot.id) refuse(50013);
    requireUnarchived(room);
    deleteMessage(desk.core, room, message);
    return NO_CONTENT;
  },
  'POST /channels/:channel/typing': (desk, request) => {
    requireRoom(desk, request, 'SendMessages');
    return NO_CONTENT;
  },
  'PUT /channels/:channel/messages/pins/:message': () => refuse(50013),
  'DELETE /channels/:channel/messages/pins/:message': () => refuse(50013),
};
