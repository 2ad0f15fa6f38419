import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../src/lib/clock.ts';
import { createIds } from './ids.ts';
import { INVITED_WITH, type PermissionName } from './permissions.ts';
import type { AttachmentView, ComponentView, EmbedView, StoredFile, UserOptions } from './types.ts';

export interface Person {
  id: string;
  name: string;
  roles: string[];
  bot: boolean;
  dm: boolean;
  member: boolean;
  administrator: boolean;
}

export interface Role {
  id: string;
  name: string;
  position: number;
}

export interface Message {
  id: string;
  channelId: string;
  authorId: string;
  type: number;
  content: string;
  embeds: EmbedView[];
  components: ComponentView[];
  attachments: AttachmentView[];
  flags: number;
  createdAt: number;
  editedAt: number | null;
  nonce: string | number | null;
  everyone: boolean;
  mentionedUsers: string[];
  mentionedRoles: string[];
  repliesTo: string | null;
  /** The person that alone sees it; null: everybody in the channel. */
  visibleTo: string | null;
  /** The interaction that it answers. */
  answers: { id: string; type: number; userId: string } | null;
  threadId: string | null;
  /** Components that edits have taken away. */
  earlier: ComponentView[][];
}

export interface ThreadState {
  parentId: string;
  type: number;
  archived: boolean;
  locked: boolean;
  autoArchiveMinutes: number;
  archiveChangedAt: number;
  /** Started on a message. */
  starter: string | null;
  members: Set<string>;
}

export interface Room {
  id: string;
  name: string;
  /** What the bot may do here; a thread has those of its parent. */
  permissions: ReadonlySet<PermissionName>;
  /** The other side of a direct conversation. */
  recipientId: string | null;
  thread: ThreadState | null;
  messages: Message[];
  createdAt: number;
}

/** What exists on Discord's side. */
export interface World {
  readonly nextId: () => string;
  readonly guild: { id: string; name: string };
  readonly bot: Person;
  readonly applicationId: string;
  readonly people: Map<string, Person>;
  readonly roles: Map<string, Role>;
  readonly rooms: Map<string, Room>;
  readonly files: StoredFile[];
  readonly pings: { messageId: string; everyone: boolean; users: string[]; roles: string[] }[];
  addPerson(options: UserOptions): Person;
  addRoom(room: Pick<Room, 'id' | 'name'> & Partial<Room>): Room;
  directRoom(person: Person): Room;
  findMessage(id: string): Message | undefined;
  permissionsIn(room: Room): ReadonlySet<PermissionName>;
}

export function createWorld(clock: Clock): World {
  const nextId = createIds(clock);
  const applicationId = nextId();
  const bot: Person = {
    id: applicationId,
    name: 'airlock',
    roles: [],
    bot: true,
    dm: false,
    member: true,
    administrator: false,
  };
  const people = new Map([[bot.id, bot]]);
  const guild = { id: nextId(), name: 'Emulated guild' };
  const rooms = new Map<string, Room>();
  const botRole = { id: nextId(), name: 'airlock', position: 1 };
  bot.roles.push(botRole.id);
  const world: World = {
    nextId,
    guild,
    bot,
    applicationId,
    people,
    roles: new Map([
      [guild.id, { id: guild.id, name: '@everyone', position: 0 }],
      [botRole.id, botRole],
    ]),
    rooms,
    files: [],
    pings: [],
    addPerson({ id = nextId(), name, roles = [], dm = true, member = true, administrator = false }) {
      const person = {
        id,
        name: name ?? `user${people.size}`,
        roles: [...roles],
        bot: false,
        dm,
        member,
        administrator,
      };
      people.set(id, person);
      return person;
    },
    addRoom(room) {
      const added: Room = {
        permissions: new Set(INVITED_WITH),
        recipientId: null,
        thread: null,
        messages: [],
        createdAt: clock.now(),
        ...room,
      };
      rooms.set(added.id, added);
      return added;
    },
    directRoom(person) {
      const known = [...rooms.values()].find(({ recipientId }) => recipientId === person.id);
      return known ?? world.addRoom({ id: nextId(), name: '', recipientId: person.id });
    },
    findMessage(id) {
      for (const room of rooms.values()) {
        const found = room.messages.find((message) => message.id === id);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    permissionsIn(room) {
      const parent = room.thread === null ? room : rooms.get(room.thread.parentId);
      return parent?.permissions ?? new Set();
    },
  };
  return world;
}

/** A bot token in the form of Discord's: its first part is the application's id. */
export function newToken(applicationId: string): string {
  const first = Buffer.from(applicationId).toString('base64url');
  return `${first}.${randomBytes(4).toString('base64url')}.${randomBytes(28).toString('base64url')}`;
}
