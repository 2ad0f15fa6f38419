import type { Core } from './core.ts';
import type { Room, ThreadState } from './world.ts';
import { threadView } from './views.ts';

export const ARCHIVE_MINUTES: readonly number[] = [60, 1440, 4320, 10_080];

const timers = new WeakMap<Room, Disposable>();

/** Puts the end of the thread's idle time off. */
function armArchive(core: Core, room: Room): void {
  timers.get(room)?.[Symbol.dispose]();
  const state = room.thread;
  if (state === null || state.archived) return;
  const timer = core.clock.after(state.autoArchiveMinutes * 60_000, () =>
    setThread(core, room, { archived: true }),
  );
  timers.set(room, timer);
}

/** Activity in a thread: an archived one opens, and its idle time starts again. */
export function touchThread(core: Core, room: Room): void {
  if (room.thread === null) return;
  if (room.thread.archived) setThread(core, room, { archived: false });
  else armArchive(core, room);
}

export function setThread(
  core: Core,
  room: Room,
  change: Partial<Pick<ThreadState, 'archived' | 'locked' | 'autoArchiveMinutes'>> & { name?: string },
): void {
  const state = room.thread;
  if (state === null) return;
  if (change.archived !== undefined && change.archived !== state.archived) {
    state.archived = change.archived;
    state.archiveChangedAt = core.clock.now();
  }
  state.locked = change.locked ?? state.locked;
  state.autoArchiveMinutes = change.autoArchiveMinutes ?? state.autoArchiveMinutes;
  room.name = change.name ?? room.name;
  armArchive(core, room);
  core.dispatch('THREAD_UPDATE', threadView(room, core.world));
  core.changed();
}

export function activeThreads(core: Core): Room[] {
  return [...core.world.rooms.values()].filter(({ thread }) => thread?.archived === false);
}

export function startThread(
  core: Core,
  made: { id: string; name: string; parent: Room; type: number; minutes: number; starter: string | null },
): Room {
  const room = core.world.addRoom({
    id: made.id,
    name: made.name,
    thread: {
      parentId: made.parent.id,
      type: made.type,
      archived: false,
      locked: false,
      autoArchiveMinutes: made.minutes,
      archiveChangedAt: core.clock.now(),
      starter: made.starter,
      members: new Set([core.world.bot.id]),
    },
  });
  armArchive(core, room);
  core.stack.defer(() => timers.get(room)?.[Symbol.dispose]());
  core.dispatch('THREAD_CREATE', { ...threadView(room, core.world), newly_created: true });
  core.changed();
  return room;
}
