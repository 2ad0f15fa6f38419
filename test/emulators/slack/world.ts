/** What stands in the emulated workspace. */
import type { Clock } from '../../../src/lib/clock.ts';
import type {
  SlackCall,
  SlackChannelInfo,
  SlackEphemeral,
  SlackFile,
  SlackMessage,
  SlackResponse,
  SlackUser,
  SlackView,
  SlackViolation,
} from './types.ts';

export interface World {
  clock: Clock;
  team: string;
  appId: string;
  botUser: string;
  botId: string;
  scopes: readonly string[];
  users: Map<string, SlackUser>;
  channels: Map<string, SlackChannelInfo>;
  groups: Map<string, string[]>;
  /** By channel, oldest first. */
  messages: Map<string, SlackMessage[]>;
  ephemerals: Map<string, SlackEphemeral[]>;
  /** By user, the topmost last. */
  modals: Map<string, SlackView[]>;
  homes: Map<string, SlackView>;
  files: Map<string, SlackFile>;
  calls: SlackCall[];
  responses: SlackResponse[];
  violations: SlackViolation[];
  /** An id that is used once. */
  id(prefix: string): string;
  /** A message's timestamp, later than every earlier one. */
  ts(): string;
  broke(rule: string, detail: string): void;
}

export function createWorld(clock: Clock, scopes: readonly string[], team?: string): World {
  let count = 0;
  let lastMicroseconds = 0;
  const id = (prefix: string) => `${prefix}0${(++count).toString(36).toUpperCase().padStart(9, '0')}`;
  const world: World = {
    clock,
    team: team ?? id('T'),
    appId: id('A'),
    botUser: id('U'),
    botId: id('B'),
    scopes,
    users: new Map(),
    channels: new Map(),
    groups: new Map(),
    messages: new Map(),
    ephemerals: new Map(),
    modals: new Map(),
    homes: new Map(),
    files: new Map(),
    calls: [],
    responses: [],
    violations: [],
    id,
    ts() {
      lastMicroseconds = Math.max(lastMicroseconds + 1, clock.now() * 1000);
      const seconds = Math.floor(lastMicroseconds / 1e6);
      return `${seconds}.${String(lastMicroseconds % 1e6).padStart(6, '0')}`;
    },
    broke: (rule, detail) => void world.violations.push({ rule, detail, at: clock.now() }),
  };
  world.users.set(world.botUser, { id: world.botUser, team: world.team, name: 'airlock', isBot: true });
  return world;
}

/** The list under a key, made where there is none. */
export function listOf<T>(map: Map<string, T[]>, key: string): T[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}

export function messageAt(world: World, channel: string, ts: string): SlackMessage | undefined {
  return world.messages.get(channel)?.find((message) => message.ts === ts);
}

export const isReply = (message: SlackMessage) =>
  message.thread_ts !== undefined && message.thread_ts !== message.ts;

export function repliesOf(world: World, channel: string, threadTs: string): SlackMessage[] {
  return (world.messages.get(channel) ?? []).filter((each) => isReply(each) && each.thread_ts === threadTs);
}

/** Shows a message to one person; in a thread that has no replies the platform shows nothing, and says it is well. */
export function showEphemeral(world: World, user: string, message: SlackEphemeral): void {
  const { channel, thread_ts: thread } = message;
  if (thread === undefined || repliesOf(world, channel, thread).length > 0)
    listOf(world.ephemerals, user).push(message);
  else world.broke('ephemeral', 'an ephemeral in a thread that has no replies is not shown');
}

/** The direct conversation of the bot with a person. */
export function directChannel(world: World, user: string): SlackChannelInfo {
  const id = `D${user.slice(1)}`;
  const known = world.channels.get(id);
  if (known !== undefined) return known;
  const made: SlackChannelInfo = {
    id,
    name: 'directmessage',
    members: new Set([user, world.botUser]),
    shared: false,
    archived: false,
    private: true,
  };
  world.channels.set(id, made);
  return made;
}

/** Adds a message; a reply to a parent that is not there stands in the channel itself, as on the platform. */
export function addMessage(world: World, message: Omit<SlackMessage, 'type' | 'ts'>): SlackMessage {
  const { thread_ts: wanted, ...rest } = message;
  const parent = wanted === undefined ? undefined : messageAt(world, message.channel, wanted);
  // The platform files a reply to a reply under the same parent.
  const thread = parent === undefined ? undefined : (parent.thread_ts ?? parent.ts);
  const root = thread === undefined ? undefined : messageAt(world, message.channel, thread);
  if (root !== undefined) root.thread_ts = root.ts;
  const added: SlackMessage = {
    type: 'message',
    ts: world.ts(),
    ...rest,
    ...(thread === undefined ? {} : { thread_ts: thread }),
  };
  listOf(world.messages, message.channel).push(added);
  return added;
}
