/**
 * A place on a platform. `space` is the workspace or guild, empty for the channel's own (a room that the configuration names);
 * `thread` is null for the room itself.
 */
export interface ThreadRef {
  channel: string;
  space: string;
  room: string;
  thread: string | null;
}

/** One posted message. */
export interface MessageRef {
  thread: ThreadRef;
  messageId: string;
}

/** One text for one thread, to order deliveries and to compare. */
export function threadKey(ref: ThreadRef): string {
  return [ref.channel, ref.space, ref.room, ref.thread ?? ''].join('\u0000');
}
