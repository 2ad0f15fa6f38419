import type { Card, Channel, ChannelLimits, Inbox, UploadFile } from '../../src/conversation/channel.ts';
import { createHealthState } from '../../channels/shared/health-state.ts';
import { AppError } from '../../src/errors.ts';
import type { MessageRef, ThreadRef } from '../../src/model/thread.ts';

/** One call as the platform saw it. */
export interface ChannelCall {
  type: 'post' | 'update' | 'openThread' | 'upload';
  thread: ThreadRef;
  /** Null for updates. */
  key: string | null;
  messageId: string | null;
  /** Null for uploads. */
  card: Card | null;
}

/** A message as people see it now. */
export interface FakeMessage {
  ref: MessageRef;
  key: string;
  card: Card;
  edits: number;
}

/** A file as people find it in its thread. */
export interface FakeFile {
  ref: MessageRef;
  key: string;
  file: UploadFile;
}

/** A platform in memory with faults on demand. */
export interface FakeChannel extends Channel {
  /** In the order they were posted. */
  readonly messages: readonly FakeMessage[];
  readonly files: readonly FakeFile[];
  /** Every call that reached the platform, refused ones too. */
  readonly calls: readonly ChannelCall[];
  readonly inbox: Inbox | null;
  /** May throw or wait: then the call does not land. */
  before: (call: ChannelCall) => void | Promise<void>;
  /** May throw: the call has landed, and the caller does not know. */
  after: (call: ChannelCall) => void | Promise<void>;
}

export const UNLIMITED: ChannelLimits = {
  postsPerMinute: Number.POSITIVE_INFINITY,
  editsPerMinute: Number.POSITIVE_INFINITY,
  postsPerRoomPerMinute: Number.POSITIVE_INFINITY,
  editIntervalMs: 0,
  outputCharacters: 3000,
  codeCharacters: Number.POSITIVE_INFINITY,
  threads: false,
};

export function createFakeChannel(
  options: { name?: string; limits?: Partial<ChannelLimits>; privateRoom?: Channel['privateRoom'] } = {},
): FakeChannel {
  const messages: FakeMessage[] = [];
  const calls: ChannelCall[] = [];
  const files: FakeFile[] = [];
  const health = createHealthState({ now: () => 0 });
  let inbox: Inbox | null = null;

  async function call<T>(made: ChannelCall, land: () => T): Promise<T> {
    calls.push(made);
    await channel.before(made);
    const landed = land();
    await channel.after(made);
    return landed;
  }

  const channel: FakeChannel = {
    name: options.name ?? 'fake',
    limits: { ...UNLIMITED, ...options.limits },
    messages,
    files,
    calls,
    get inbox() {
      return inbox;
    },
    before: () => {},
    after: () => {},
    start: async (given) => {
      inbox = given;
    },
    stop: async () => {
      inbox = null;
    },
    post: (thread, card, key, { maybePosted }) =>
      call({ type: 'post', thread, key, messageId: null, card }, () => {
        const known = maybePosted ? messages.find((message) => message.key === key) : undefined;
        if (known !== undefined) return known.ref;
        const ref = { thread, messageId: `m${messages.length + 1}` };
        messages.push({ ref, key, card, edits: 0 });
        return ref;
      }),
    openThread: (ref, card, key) =>
      call({ type: 'openThread', thread: ref.thread, key, messageId: ref.messageId, card }, () => ({
        ...ref.thread,
        thread: ref.messageId,
      })),
    update: (ref, card) =>
      call({ type: 'update', thread: ref.thread, key: null, messageId: ref.messageId, card }, () => {
        const message = messages.find((known) => known.ref.messageId === ref.messageId);
        if (message === undefined) throw permanent('there is no such message');
        message.card = card;
        message.edits += 1;
      }),
    upload: (thread, file, key, { maybePosted }) =>
      call({ type: 'upload', thread, key, messageId: null, card: null }, () => {
        const known = maybePosted ? files.find((candidate) => candidate.key === key) : undefined;
        if (known !== undefined) return known.ref;
        const ref = { thread, messageId: `f${files.length + 1}` };
        files.push({ ref, key, file });
        return ref;
      }),
    privateRoom: options.privateRoom ?? (() => null),
    health: health.current,
    onHealth: health.onChange,
  };
  return channel;
}

/** What a platform answers when it is worth trying again. */
export function transient(retryAfterMs?: number): AppError {
  const context: Record<string, unknown> = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new AppError('CHANNEL_TRANSIENT', 'the platform is busy', { context });
}

/** What a platform answers when it never will. */
export function permanent(message = 'the bot was removed from the room'): AppError {
  return new AppError('CHANNEL_PERMANENT', message);
}
