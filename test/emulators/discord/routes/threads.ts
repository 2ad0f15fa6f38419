import { z } from 'zod';
import { requireValid, violate } from '../core.ts';
import { refuse, Slowdown } from '../errors.ts';
import { createMessage } from '../messages.ts';
import { channelPatchSchema, threadSchema } from '../payloads.ts';
import { type ApiRequest, bodyOf } from '../request.ts';
import { createChecker } from '../rules/checker.ts';
import { FLAG } from '../rules/messages.ts';
import { activeThreads, ARCHIVE_MINUTES, setThread, startThread } from '../threads.ts';
import { channelView, messageView, threadView } from '../views.ts';
import type { Room } from '../world.ts';
import { type Desk, type HandlerTable, NO_CONTENT, ok, param, requireMessage, requireRoom } from './desk.ts';

const PUBLIC_THREAD = 11;
const PRIVATE_THREAD = 12;
const THREAD_STARTER = 21;

function requireThreadBody(desk: Desk, request: ApiRequest) {
  const body = bodyOf(desk.core, request, threadSchema);
  const check = createChecker();
  check.text('name', 'thread-name', body.name, 100, { least: 1 });
  if (!ARCHIVE_MINUTES.includes(body.auto_archive_duration ?? 1440))
    check.fail(
      'auto_archive_duration',
      'thread-archive',
      'Value must be one of (60, 1440, 4320, 10080).',
      'BASE_TYPE_CHOICES',
    );
  requireValid(desk.core, request.route, check.problems);
  if (activeThreads(desk.core).length >= desk.core.limits.activeThreads) refuse(160006);
  return { name: body.name, minutes: body.auto_archive_duration ?? 1440, type: body.type ?? PRIVATE_THREAD };
}

function requireThread(desk: Desk, request: ApiRequest): Room {
  const room = requireRoom(desk, request);
  return room.thread === null ? refuse(50024) : room;
}

/** Channels and the threads in them. */
export const threadRoutes: HandlerTable = {
  'GET /channels/:channel': (desk, request) => ok(channelView(requireRoom(desk, request), desk.core.world)),
  'POST /channels/:channel/messages/:message/threads': (desk, request) => {
    const { core } = desk;
    const parent = requireRoom(desk, request, 'CreatePublicThreads');
    if (parent.thread !== null || parent.recipientId !== null) refuse(50024);
    const message = requireMessage(parent, param(request, 'message'));
    if (message.threadId !== null) refuse(160004);
    const made = requireThreadBody(desk, request);
    message.threadId = message.id;
    message.flags |= FLAG.hasThread;
    const room = startThread(core, {
      ...made,
      type: PUBLIC_THREAD,
      id: message.id,
      parent,
      starter: message.id,
    });
    createMessage(core, {
      room,
      authorId: core.world.bot.id,
      body: {},
      type: THREAD_STARTER,
      route: request.route,
    });
    core.dispatch('MESSAGE_UPDATE', { ...messageView(message, core.world), guild_id: core.world.guild.id });
    return ok(threadView(room, core.world), 201);
  },
  'POST /channels/:channel/threads': (desk, request) => {
    const { core } = desk;
    const made = requireThreadBody(desk, request);
    const parent = requireRoom(
      desk,
      request,
      made.type === PUBLIC_THREAD ? 'CreatePublicThreads' : 'CreatePrivateThreads',
    );
    if (parent.thread !== null || parent.recipientId !== null) refuse(50024);
    const room = startThread(core, { ...made, id: core.world.nextId(), parent, starter: null });
    return ok(threadView(room, core.world), 201);
  },
  'PATCH /channels/:channel': (desk, request) => {
    const { core } = desk;
    const room = requireRoom(desk, request);
    const body = bodyOf(core, request, channelPatchSchema);
    // A channel itself needs "Manage Channels", which this kind of bot is never given.
    if (room.thread === null) refuse(50013);
    const manages = core.world.permissionsIn(room).has('ManageThreads');
    if (body.locked !== undefined && !manages) refuse(50013);
    if (room.thread.locked && body.archived === false && !manages) refuse(50013);
    const touches = body.name !== undefined || body.auto_archive_duration !== undefined;
    if (room.thread.archived && touches && body.archived !== false) refuse(50083);
    const check = createChecker();
    check.text('name', 'thread-name', body.name, 100, { least: 1 });
    if (!ARCHIVE_MINUTES.includes(body.auto_archive_duration ?? 1440))
      check.fail('auto_archive_duration', 'thread-archive', 'Value must be one of (60, 1440, 4320, 10080).');
    requireValid(core, request.route, check.problems);
    if (
      room.thread.archived &&
      body.archived === false &&
      activeThreads(core).length >= core.limits.activeThreads
    )
      refuse(160006);
    const waitMs = body.name !== undefined && body.name !== room.name ? desk.countRename(room.id) : null;
    if (waitMs !== null) {
      violate(
        core,
        request.route,
        'renames',
        `${room.name}: more than ${core.limits.renames} in ten minutes`,
      );
      throw new Slowdown(waitMs);
    }
    setThread(core, room, {
      ...(body.name === undefined ? {} : { name: body.name }),
      ...(body.archived === undefined ? {} : { archived: body.archived }),
      ...(body.locked === undefined ? {} : { locked: body.locked }),
      ...(body.auto_archive_duration === undefined ? {} : { autoArchiveMinutes: body.auto_archive_duration }),
    });
    return ok(threadView(room, core.world));
  },
  'DELETE /channels/:channel': (desk, request) => {
    const room = requireThread(desk, request);
    requireRoom(desk, request, 'ManageThreads');
    removeRoom(desk, room);
    return ok(threadView(room, desk.core.world));
  },
  'GET /channels/:channel/threads/archived/public': (desk, request) => {
    const parent = requireRoom(desk, request, 'ReadMessageHistory');
    const threads = [...desk.core.world.rooms.values()].filter(
      ({ thread }) => thread?.parentId === parent.id && thread.archived,
    );
    return ok({
      threads: threads.map((room) => threadView(room, desk.core.world)),
      members: [],
      has_more: false,
    });
  },
  'GET /channels/:channel/thread-members': (desk, request) => {
    const room = requireThread(desk, request);
    return ok(
      [...(room.thread?.members ?? [])].map((user) => ({
        id: room.id,
        user_id: user,
        join_timestamp: new Date(room.createdAt).toISOString(),
        flags: 0,
      })),
    );
  },
  'PUT /channels/:channel/thread-members/:user': (desk, request) => {
    const room = requireThread(desk, request);
    if (room.thread?.archived === true) refuse(50083);
    const user = memberParam(desk, request);
    room.thread?.members.add(user);
    desk.core.changed();
    return NO_CONTENT;
  },
  'DELETE /channels/:channel/thread-members/:user': (desk, request) => {
    const room = requireThread(desk, request);
    room.thread?.members.delete(memberParam(desk, request));
    desk.core.changed();
    return NO_CONTENT;
  },
};

function memberParam({ core }: Desk, request: ApiRequest): string {
  const user = z.string().parse(param(request, 'user'));
  return user === '@me' ? core.world.bot.id : core.world.people.has(user) ? user : refuse(10013);
}

/** Takes a channel or thread away, with its threads. */
export function removeRoom({ core }: Pick<Desk, 'core'>, room: Room): void {
  for (const inside of [...core.world.rooms.values()].filter(({ thread }) => thread?.parentId === room.id))
    core.world.rooms.delete(inside.id);
  core.world.rooms.delete(room.id);
  core.dispatch(room.thread === null ? 'CHANNEL_DELETE' : 'THREAD_DELETE', channelView(room, core.world));
  core.changed();
}
