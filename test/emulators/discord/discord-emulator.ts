import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Clock } from '../../../src/lib/clock.ts';
import { createMovingClock, type MovingClock } from '../../fakes/moving-clock.ts';
import { createCommandBook } from './command-book.ts';
import { type Core, createWindow } from './core.ts';
import { createFaultQueue } from './faults.ts';
import { createGateway } from './gateway.ts';
import { createInteractionBook } from './interactions.ts';
import { LIMITS } from './limits.ts';
import { createMessage, deleteMessage } from './messages.ts';
import { createActs } from './people.ts';
import { INVITED_WITH } from './permissions.ts';
import { createRest } from './rest.ts';
import type { Desk } from './routes/desk.ts';
import { removeRoom } from './routes/threads.ts';
import { setThread } from './threads.ts';
import type { DiscordEmulator, DiscordEmulatorOptions } from './types.ts';
import { channelView, memberView, messageView, roleView, threadView } from './views.ts';
import { createWatch } from './watch.ts';
import { createWorld, newToken, type Message, type Person, type Room } from './world.ts';

const TEN_MINUTES_MS = 10 * 60_000;
const HOUR_MS = 60 * 60_000;
/** Messages of people and bots; the rest are Discord's own notices. */
const SPOKEN: readonly number[] = [0, 19, 20];

/** Starts Discord on a free port of 127.0.0.1. The caller closes it. */
export async function startDiscordEmulator(options: DiscordEmulatorOptions = {}): Promise<DiscordEmulator> {
  const clock: MovingClock = options.clock ?? createMovingClock();
  await using stack = new AsyncDisposableStack();
  const watch = stack.use(createWatch());
  const core = createCore(clock, options, () => watch.changed());
  stack.use(core.stack);
  const { world } = core;
  const interactions = createInteractionBook(core, watch);
  const commands = createCommandBook(core);
  const gateway = createGateway(core, options);
  core.dispatch = (event, data) => gateway.dispatch(event, data);
  const renames = createWindow(core, TEN_MINUTES_MS);
  const oldEdits = createWindow(core, HOUR_MS);
  const tooMany = (window: ReturnType<typeof createWindow>, key: string, most: number) => {
    if (window.count(key) < most) {
      window.hit(key);
      return null;
    }
    return window.freeInMs(key);
  };
  const desk: Desk = {
    core,
    interactions,
    commands,
    gatewayInformation: () => gateway.information(),
    countRename: (room) => tooMany(renames, room, core.limits.renames),
    countOldEdit: (room) => tooMany(oldEdits, room, core.limits.oldEdits),
  };

  const rest = createRest(desk);
  let broken: unknown;
  const server = createServer((request, response) => {
    rest(request, response).catch((error: unknown) => {
      // A bug of the emulator must not look like Discord: `close` tells of it. A client may go in mid-request.
      if (request.complete) broken ??= error;
      request.socket.destroy();
    });
  });
  server.on('upgrade', (request, socket, head) => gateway.upgrade(request, socket, head));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the emulator has no port');
  stack.defer(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  // Before the server: that waits for every socket.
  stack.use(gateway);
  core.origin = `http://127.0.0.1:${address.port}`;

  function mustFind<T>(found: T | undefined, what: string): T {
    if (found === undefined) throw new Error(`there is no ${what}`);
    return found;
  }
  const person = (id: string): Person => mustFind(world.people.get(id), `user ${id}`);
  const room = (id: string): Room => mustFind(world.rooms.get(id), `channel ${id}`);
  const view = (message: Message) => messageView(message, world);
  const spoken = (messages: readonly Message[]) =>
    messages.filter(({ visibleTo, type }) => visibleTo === null && SPOKEN.includes(type)).map(view);

  const owned = stack.move();
  let closing: Promise<void> | undefined;
  const close = () =>
    (closing ??= (async () => {
      await owned.disposeAsync();
      if (broken !== undefined) throw new Error('the emulator failed', { cause: broken });
    })());

  return {
    apiUrl: `${core.origin}/api`,
    address,
    get botToken() {
      return core.botToken;
    },
    applicationId: world.applicationId,
    botUserId: world.bot.id,
    guild: world.guild,
    clock,
    addUser: (made = {}) => world.addPerson(made).id,
    addChannel({ id = world.nextId(), name, permissions = INVITED_WITH } = {}) {
      const added = world.addRoom({ id, name: name ?? `channel-${id}`, permissions: new Set(permissions) });
      core.dispatch('CHANNEL_CREATE', channelView(added, world));
      return id;
    },
    addRole(name) {
      const role = { id: world.nextId(), name, position: world.roles.size };
      world.roles.set(role.id, role);
      core.dispatch('GUILD_ROLE_CREATE', { guild_id: world.guild.id, role: roleView(role, world) });
      return role.id;
    },
    setRoles(user, roles) {
      const changed = person(user);
      changed.roles = [...roles];
      core.dispatch('GUILD_MEMBER_UPDATE', { ...memberView(changed), guild_id: world.guild.id });
    },
    setPermissions(channel, permissions) {
      const changed = room(channel);
      changed.permissions = new Set(permissions);
      core.dispatch('CHANNEL_UPDATE', channelView(changed, world));
    },
    ...createActs({ core, interactions, commands }),
    say: ({ user, channel, text }) =>
      view(
        createMessage(core, {
          room: room(channel),
          authorId: person(user).id,
          body: { content: text },
          route: 'say',
        }),
      ),
    removeMessage(id) {
      const message = mustFind(world.findMessage(id), `message ${id}`);
      deleteMessage(core, room(message.channelId), message);
    },
    removeChannel: (channel) => removeRoom({ core }, room(channel)),
    archive: (thread, { locked = false } = {}) => setThread(core, room(thread), { archived: true, locked }),
    messages: (channel) => spoken(room(channel).messages),
    ephemerals: (user) =>
      [...world.rooms.values()]
        .flatMap(({ messages }) => messages)
        .filter(({ visibleTo }) => visibleTo === user)
        .toSorted((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1))
        .map(view),
    directMessages: (user) =>
      [...world.rooms.values()]
        .filter(({ recipientId }) => recipientId === user)
        .flatMap(({ messages }) => spoken(messages)),
    modals: (user) => interactions.modals.filter(({ userId }) => userId === user).map((open) => open.view),
    threads: (channel) =>
      [...world.rooms.values()]
        .filter(({ thread }) => thread?.parentId === channel)
        .map((thread) => threadView(thread, world)),
    commands: () => commands.all(),
    attachments: world.files,
    pings: world.pings,
    calls: core.calls,
    violations: core.violations,
    faults: core.faults,
    gateway: gateway.control,
    until: (find, timeoutMs) => watch.until(find, timeoutMs),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function createCore(
  clock: Clock & { advance(ms: number): void },
  options: DiscordEmulatorOptions,
  changed: () => void,
): Core {
  const world = createWorld(clock);
  return {
    clock,
    limits: { ...LIMITS, ...options.limits },
    world,
    faults: createFaultQueue(),
    calls: [],
    violations: [],
    stack: new DisposableStack(),
    botToken: newToken(world.applicationId),
    origin: '',
    dispatch: () => false,
    changed,
  };
}
