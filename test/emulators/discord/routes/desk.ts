import type { CommandBook } from '../command-book.ts';
import type { Core } from '../core.ts';
import { refuse } from '../errors.ts';
import type { InteractionBook } from '../interactions.ts';
import type { PermissionName } from '../permissions.ts';
import type { Answer, ApiRequest } from '../request.ts';
import type { Message, Room } from '../world.ts';
import type { Route } from './table.ts';

/** What the endpoints work on. */
export interface Desk {
  core: Core;
  interactions: InteractionBook;
  commands: CommandBook;
  /** Body of GET /gateway/bot. */
  gatewayInformation(): unknown;
  /** Counts a rename of the channel; tells how long to wait when there were too many. */
  countRename(room: string): number | null;
  /** Counts an edit of an old message in the channel, the same way. */
  countOldEdit(room: string): number | null;
}

export type Handler = (desk: Desk, request: ApiRequest) => Answer;
export type HandlerTable = Partial<Record<Route, Handler>>;

export const ok = (body: unknown, status = 200): Answer => ({ status, body });
export const NO_CONTENT: Answer = { status: 204 };

export function param(request: ApiRequest, name: string): string {
  return request.params[name] ?? '';
}

/** The channel of the path, when the bot may see it and do what it wants there. */
export function requireRoom(desk: Desk, request: ApiRequest, ...needed: readonly PermissionName[]): Room {
  const room = desk.core.world.rooms.get(param(request, 'channel')) ?? refuse(10003);
  requirePermissions(desk, room, ...needed);
  return room;
}

export function requirePermissions(desk: Desk, room: Room, ...needed: readonly PermissionName[]): void {
  if (room.recipientId !== null) return;
  const permissions = desk.core.world.permissionsIn(room);
  if (!permissions.has('ViewChannel')) refuse(50001);
  if (needed.some((name) => !permissions.has(name))) refuse(50013);
}

/** A message that everybody in the channel sees. */
export function requireMessage(room: Room, id: string): Message {
  return room.messages.find((message) => message.id === id && message.visibleTo === null) ?? refuse(10008);
}
