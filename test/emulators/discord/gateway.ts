import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { createWindow, type Core, violate } from './core.ts';
import { Refusal } from './errors.ts';
import {
  createSession,
  deliver,
  isResumable,
  KNOWN_INTENTS,
  PRIVILEGED,
  seenBy,
  type Session,
} from './gateway-session.ts';
import { gatewaySendSchema, identifySchema, resumeSchema } from './payloads.ts';
import type { DiscordEmulatorOptions, GatewayControl } from './types.ts';
import { guildCreateView, userView } from './views.ts';
import { newToken } from './world.ts';

const OP = {
  heartbeat: 1,
  identify: 2,
  presence: 3,
  resume: 6,
  reconnect: 7,
  requestMembers: 8,
  invalidSession: 9,
  hello: 10,
  ack: 11,
} as const;
const CLOSE = {
  unknownOpcode: 4001,
  decode: 4002,
  notAuthenticated: 4003,
  authentication: 4004,
  alreadyAuthenticated: 4005,
  rateLimited: 4008,
  timedOut: 4009,
  invalidVersion: 4012,
  invalidIntents: 4013,
  disallowedIntents: 4014,
} as const;
const DAY_MS = 24 * 60 * 60_000;
const MINUTE_MS = 60_000;

interface Connection {
  id: string;
  socket: WebSocket;
  session: Session | null;
  watchdog: NodeJS.Timeout | undefined;
}

export interface Gateway extends AsyncDisposable {
  readonly control: GatewayControl;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** False when nobody heard it at once. */
  dispatch(event: string, data: unknown): boolean;
  /** Body of GET /gateway/bot. @throws Refusal while the gateway is down. */
  information(): unknown;
}

/** The gateway over plain `ws://`, JSON, without compression. */
export function createGateway(
  core: Core,
  { heartbeatMs = 41_250, privileged = [] }: Pick<DiscordEmulatorOptions, 'heartbeatMs' | 'privileged'>,
): Gateway {
  const server = new WebSocketServer({ noServer: true });
  const connections = new Set<Connection>();
  const sessions: Session[] = [];
  const closes: number[] = [];
  const starts = createWindow(core, DAY_MS);
  const gaps = createWindow(core, core.limits.identifyGapMs);
  const sends = createWindow(core, MINUTE_MS);
  const granted = privileged.reduce((bits, name) => bits | PRIVILEGED[name], 0);
  const refusedIntents = Object.values(PRIVILEGED).reduce((bits, bit) => bits | bit, 0) & ~granted;
  const counts = { identifies: 0, resumes: 0, heartbeats: 0, dropAcks: 0 };
  let accepting = true;

  const send = (connection: Connection, op: number, d: unknown) =>
    connection.socket.send(JSON.stringify({ op, d, s: null, t: null }));

  // The client's heartbeats run in real time whatever the emulator's clock does, and so does their end.
  function feed(connection: Connection): void {
    clearTimeout(connection.watchdog);
    connection.watchdog = setTimeout(() => connection.socket.close(CLOSE.timedOut), heartbeatMs * 1.5);
    connection.watchdog.unref();
  }

  function identify(connection: Connection, d: unknown): void {
    const parsed = identifySchema.safeParse(d);
    if (!parsed.success) return connection.socket.close(CLOSE.decode);
    const { token, intents } = parsed.data;
    if (connection.session !== null) return connection.socket.close(CLOSE.alreadyAuthenticated);
    if (token !== core.botToken) return connection.socket.close(CLOSE.authentication);
    if ((intents & ~KNOWN_INTENTS) !== 0) return connection.socket.close(CLOSE.invalidIntents);
    if ((intents & refusedIntents) !== 0) return connection.socket.close(CLOSE.disallowedIntents);
    counts.identifies += 1;
    // No fault of a client: a process that was killed could not tell the next one when it identified.
    if (gaps.hit('all').count > 1) {
      send(connection, OP.invalidSession, false);
      return;
    }
    if (starts.hit('all').count > core.limits.identifies) {
      violate(
        core,
        'gateway',
        'identify-budget',
        `more than ${core.limits.identifies} in a day: the token was reset`,
      );
      core.botToken = newToken(core.world.applicationId);
      return connection.socket.close(CLOSE.authentication);
    }
    const session = createSession(intents, connection.socket);
    sessions.push(session);
    connection.session = session;
    deliver(session, 'READY', {
      v: 10,
      user: { ...userView(core.world.bot), verified: true, mfa_enabled: true, email: null, flags: 0 },
      user_settings: {},
      session_type: 'normal',
      session_id: session.id,
      resume_gateway_url: core.origin.replace('http', 'ws'),
      guilds: [{ id: core.world.guild.id, unavailable: true }],
      application: { id: core.world.applicationId, flags: 0 },
      shard: [0, 1],
      private_channels: [],
      relationships: [],
      presences: [],
      guild_join_requests: [],
      geo_ordered_rtc_regions: [],
    });
    const guild = seenBy(core, session, 'GUILD_CREATE', guildCreateView(core.world));
    if (guild !== null) deliver(session, 'GUILD_CREATE', guild);
  }

  function resume(connection: Connection, d: unknown): void {
    const parsed = resumeSchema.safeParse(d);
    if (!parsed.success) return connection.socket.close(CLOSE.decode);
    const { token, session_id: id, seq } = parsed.data;
    if (token !== core.botToken) return connection.socket.close(CLOSE.authentication);
    const session = sessions.find((known) => known.id === id);
    if (session === undefined || !isResumable(core, session))
      return send(connection, OP.invalidSession, false);
    counts.resumes += 1;
    session.socket = connection.socket;
    session.lostAt = null;
    connection.session = session;
    for (const entry of session.log.filter(({ s }) => s > (seq ?? 0)))
      connection.socket.send(JSON.stringify({ op: 0, ...entry }));
    deliver(session, 'RESUMED', {});
  }

  function heard(connection: Connection, raw: RawData): void {
    const text = Buffer.isBuffer(raw) ? raw.toString('utf8') : '';
    if (Buffer.byteLength(text) > core.limits.gatewayBytes) {
      violate(core, 'gateway', 'gateway-size', `${Buffer.byteLength(text)} bytes`);
      return connection.socket.close(CLOSE.decode);
    }
    if (sends.hit(connection.id).count > core.limits.gatewaySends) {
      violate(core, 'gateway', 'gateway-sends', `more than ${core.limits.gatewaySends} in a minute`);
      return connection.socket.close(CLOSE.rateLimited);
    }
    const message = parse(text);
    if (message === null) return connection.socket.close(CLOSE.decode);
    switch (message.op) {
      case OP.heartbeat:
        counts.heartbeats += 1;
        feed(connection);
        if (counts.dropAcks > 0) counts.dropAcks -= 1;
        else send(connection, OP.ack, null);
        break;
      case OP.identify:
        identify(connection, message.d);
        break;
      case OP.resume:
        resume(connection, message.d);
        break;
      case OP.presence:
      case OP.requestMembers:
        if (connection.session === null) connection.socket.close(CLOSE.notAuthenticated);
        break;
      default:
        connection.socket.close(CLOSE.unknownOpcode);
    }
  }

  function connected(socket: WebSocket, request: IncomingMessage): void {
    const query = new URL(request.url ?? '/', core.origin).searchParams;
    const connection: Connection = {
      id: randomBytes(8).toString('hex'),
      socket,
      session: null,
      watchdog: undefined,
    };
    connections.add(connection);
    socket.on('error', () => socket.terminate());
    socket.on('close', (code) => {
      clearTimeout(connection.watchdog);
      connections.delete(connection);
      closes.push(code);
      const session = connection.session;
      if (session?.socket === socket) {
        session.socket = null;
        session.lostAt = core.clock.now();
        if (code === 1000 || code === 1001) session.dead = true;
      }
      core.changed();
    });
    socket.on('message', (raw) => {
      heard(connection, raw);
      core.changed();
    });
    if (query.get('v') !== '10') return socket.close(CLOSE.invalidVersion);
    if (query.get('encoding') !== 'json') return socket.close(CLOSE.decode);
    feed(connection);
    send(connection, OP.hello, { heartbeat_interval: heartbeatMs, _trace: [] });
    core.changed();
  }

  function dispatch(event: string, data: unknown): boolean {
    let heard = false;
    for (const session of sessions.filter((known) => isResumable(core, known))) {
      const seen = seenBy(core, session, event, data);
      if (seen === null) continue;
      heard ||= session.socket !== null;
      deliver(session, event, seen);
    }
    return heard;
  }

  return {
    dispatch,
    upgrade(request, socket, head) {
      if (accepting) server.handleUpgrade(request, socket, head, (made) => connected(made, request));
      else socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n');
    },
    information() {
      if (!accepting) throw new Refusal(503, 0, 'Service Unavailable');
      return {
        url: core.origin.replace('http', 'ws'),
        shards: 1,
        session_start_limit: {
          total: core.limits.identifies,
          remaining: Math.max(0, core.limits.identifies - starts.count('all')),
          reset_after: DAY_MS,
          max_concurrency: 1,
        },
      };
    },
    control: {
      reconnect() {
        for (const connection of connections) send(connection, OP.reconnect, null);
      },
      invalidSession(resumable) {
        for (const connection of connections) {
          if (!resumable && connection.session !== null) connection.session.dead = true;
          send(connection, OP.invalidSession, resumable);
        }
      },
      close(code) {
        for (const { socket, session } of connections) {
          if (session !== null && (code === 1000 || code === 1001)) session.dead = true;
          if (code === 1006) socket.terminate();
          else socket.close(code);
        }
      },
      dropAcks(times) {
        counts.dropAcks = times;
      },
      dispatch,
      get accepting() {
        return accepting;
      },
      set accepting(value) {
        accepting = value;
      },
      get sessions() {
        return sessions
          .filter((session) => isResumable(core, session))
          .map(({ id, intents, socket, sequence }) => ({
            id,
            intents,
            connected: socket !== null,
            sequence,
          }));
      },
      get identifies() {
        return counts.identifies;
      },
      get resumes() {
        return counts.resumes;
      },
      get heartbeats() {
        return counts.heartbeats;
      },
      closes,
      get connections() {
        return connections.size;
      },
    },
    async [Symbol.asyncDispose]() {
      for (const { socket, watchdog } of connections) {
        clearTimeout(watchdog);
        socket.terminate();
      }
      const { promise, resolve } = Promise.withResolvers<undefined>();
      server.close(() => resolve(undefined));
      await promise;
    },
  };
}

function parse(text: string): { op: number; d?: unknown } | null {
  try {
    const parsed = gatewaySendSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
