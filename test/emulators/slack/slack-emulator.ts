/** A small Slack on 127.0.0.1 that speaks the real protocol and keeps to the platform's rules. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { systemClock } from '../../../src/lib/clock.ts';
import { createFaults } from './faults.ts';
import { createHttpDelivery } from './http-delivery.ts';
import { readBody, sendJson } from './http-io.ts';
import { parseJson, refuse } from './json.ts';
import { linksIn, mentionsIn } from './mentions.ts';
import { deleteMessage } from './methods/chat.ts';
import { createPeople, escapeText } from './people.ts';
import { createRates } from './rates.ts';
import { createResponseUrls } from './response-urls.ts';
import { ALL_SCOPES } from './scopes.ts';
import { createSocketMode } from './socket-mode.ts';
import { createTriggers } from './triggers.ts';
import type { SlackEmulator, SlackEmulatorOptions } from './types.ts';
import { createWebApi, type Tokens } from './web-api.ts';
import { addMessage, createWorld, directChannel, repliesOf, type World } from './world.ts';

export type * from './types.ts';

const SIGNING_SECRET = 'emulated-signing-secret-0123456789';

/** Starts listening. The caller closes it. */
export async function startSlackEmulator(options: SlackEmulatorOptions = {}): Promise<SlackEmulator> {
  const world = createWorld(options.clock ?? systemClock, options.scopes ?? ALL_SCOPES, options.team);
  const tokens: Tokens = {
    bot: 'xoxb-emulated-0000',
    app: 'xapp-1-emulated-0000',
    botError: null,
    appError: null,
  };
  const faults = createFaults();
  const triggers = createTriggers(world);
  const responseUrls = createResponseUrls(world);
  const socketMode = createSocketMode(world);
  const sockets = new Set<Socket>();
  const closing = new AbortController();
  let up = true;

  const server = createServer((request, response) => {
    route(request, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    if (!up) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request, socket, head) => socketMode.upgrade(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  const { port } = address;
  const url = (path: string) => `http://127.0.0.1:${port}${path}`;

  const webApi = createWebApi({
    context: { world, triggers, socketUrl: () => `ws://127.0.0.1:${port}${socketMode.ticket()}`, url },
    faults,
    rates: createRates(world, options.budgets ?? {}),
    tokens,
  });

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path.startsWith('/api/')) return await webApi.handleCall(path.slice(5), request, response);
    if (path.startsWith('/upload/v1/')) return await webApi.handleUpload(path.slice(11), request, response);
    if (path.startsWith('/commands/')) {
      const body = parseJson((await readBody(request)).toString('utf8'));
      await webApi.withFault('response_url', response, () => {
        const answer = responseUrls.post(path, body);
        return { ...answer, outcome: 'ok' };
      });
      return;
    }
    sendJson(response, 404, refuse('not_found'));
  }

  const people = { world, triggers, responseUrls, url, command: options.command ?? '/agent' };
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };

  return {
    ...createPeople(people, socketMode.deliver),
    apiUrl: url('/api/'),
    botToken: tokens.bot,
    appToken: tokens.app,
    signingSecret: SIGNING_SECRET,
    clock: world.clock,
    team: world.team,
    botUser: world.botUser,
    appId: world.appId,
    addUser({ id = world.id('U'), team = world.team, name, isBot = false }) {
      const user = { id, team, name, isBot };
      world.users.set(id, user);
      return user;
    },
    addChannel({ id = world.id('C'), name, members, shared, archived, private: hidden, bot }) {
      const channel = {
        id,
        name,
        members: new Set([...members, ...(bot === false ? [] : [world.botUser])]),
        shared: shared ?? false,
        archived: archived ?? false,
        private: hidden ?? false,
      };
      world.channels.set(id, channel);
      return channel;
    },
    direct: (user) => directChannel(world, user).id,
    addUserGroup: (id, users) => void world.groups.set(id, [...users]),
    say({ user, channel, text, threadTs, file }) {
      const team = world.users.get(user)?.team ?? world.team;
      const thread = threadTs === undefined ? {} : { thread_ts: threadTs };
      const files = file === undefined ? {} : { files: [{ id: world.id('F'), name: file, user }] };
      const said = { channel, user, team, text: escapeText(text), blocks: [], ...thread, ...files };
      return addMessage(world, said).ts;
    },
    archive(id) {
      const channel = world.channels.get(id);
      if (channel !== undefined) channel.archived = true;
    },
    deleteMessage: (channel, ts) => deleteMessage(world, channel, ts),
    removeBot: (channel) => void world.channels.get(channel)?.members.delete(world.botUser),
    revoke(token, error) {
      if (token === 'bot') tokens.botError = error;
      else tokens.appError = error;
    },
    restore() {
      tokens.botError = null;
      tokens.appError = null;
    },
    messages: (channel, threadTs) =>
      threadTs === undefined ? (world.messages.get(channel) ?? []) : repliesOf(world, channel, threadTs),
    ephemerals: (user) => world.ephemerals.get(user) ?? [],
    views: (user) => world.modals.get(user) ?? [],
    closeView: (user) => void world.modals.get(user)?.pop(),
    home: (user) => world.homes.get(user) ?? null,
    files: (channel, threadTs) =>
      [...world.files.values()].filter(
        (file) => file.channel === channel && (threadTs === undefined || file.thread_ts === threadTs),
      ),
    mentions: () =>
      ours(world).flatMap(({ channel, ts, text, blocks }) =>
        mentionsIn(text, blocks).map((mention) => ({ channel, ts, mention })),
      ),
    links: () => ours(world).flatMap(({ blocks }) => linksIn(blocks)),
    calls: world.calls,
    responses: world.responses,
    violations: world.violations,
    faults,
    get connections() {
      return socketMode.connections;
    },
    connected: async (count = 1) => await socketMode.connected(count),
    disconnected: async () => await socketMode.disconnected(),
    refresh: () => socketMode.refresh(),
    disconnect: () => socketMode.disconnect(),
    freeze: (frozen) => socketMode.freeze(frozen),
    online(now) {
      up = now;
      if (!now) cut();
    },
    httpReceiver(receiver) {
      const delivery = createHttpDelivery(world, receiver.url, SIGNING_SECRET, closing.signal);
      const { sign, replay } = delivery;
      return { ...createPeople(people, delivery.deliver), sign, replay };
    },
    async close() {
      up = false;
      socketMode.close();
      closing.abort();
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      await closed;
    },
  };
}

/** What the app has shown, to all and to one. */
const ours = (world: World) => [
  ...[...world.messages.values()].flat().filter(({ user }) => user === world.botUser),
  ...[...world.ephemerals.values()].flat(),
];
