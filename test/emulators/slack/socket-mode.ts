/** Socket Mode: tickets, greetings, envelopes and their acknowledgements. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { awaitAck, type Deliver } from './deliver.ts';
import { asText, isJson, parseJson } from './json.ts';
import { LIFETIMES, MAX_CONNECTIONS } from './limits.ts';
import type { Json, RedeliverOptions, SlackDelivery } from './types.ts';
import type { World } from './world.ts';

/** How often the platform pings; real time, since the client's watchdog runs on it. */
const PING_MS = 10_000;

export interface SocketMode {
  /** The path of a URL that lets one socket in. */
  ticket(): string;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  deliver: Deliver;
  readonly connections: number;
  connected(count: number): Promise<void>;
  disconnected(): Promise<void>;
  refresh(): void;
  disconnect(): void;
  freeze(frozen: boolean): void;
  close(): void;
}

type Settle = (outcome: Pick<SlackDelivery, 'acked' | 'body' | 'status'>) => void;

interface Pending {
  socket: WebSocket;
  settle: Settle;
  takesPayload: boolean;
}

export function createSocketMode(world: World): SocketMode {
  const server = new WebSocketServer({ noServer: true, autoPong: false });
  const tickets = new Map<string, number>();
  const pending = new Map<string, Pending>();
  const answered = new Set<string>();
  const waiting = new Set<() => void>();
  const open: WebSocket[] = [];
  let frozen = false;
  let turn = 0;
  const pings = setInterval(() => {
    if (!frozen) for (const socket of open) socket.ping();
  }, PING_MS);
  pings.unref();

  function admit(socket: WebSocket): void {
    if (open.length >= MAX_CONNECTIONS) {
      world.broke('connections', `more than ${MAX_CONNECTIONS} sockets`);
      socket.send(
        JSON.stringify({ type: 'disconnect', reason: 'too_many_websockets', debug_info: debugInfo() }),
      );
      socket.close();
      return;
    }
    open.push(socket);
    socket.on('error', () => socket.terminate());
    socket.on('close', () => leave(socket));
    socket.on('ping', (data) => {
      if (!frozen) socket.pong(data);
    });
    socket.on('message', (data) => {
      if (!frozen) receive(socket, Buffer.isBuffer(data) ? data.toString('utf8') : '');
    });
    socket.ping();
    socket.send(
      JSON.stringify({
        type: 'hello',
        num_connections: open.length,
        debug_info: debugInfo(),
        connection_info: { app_id: world.appId },
      }),
    );
    for (const check of waiting) check();
  }

  function leave(socket: WebSocket): void {
    const at = open.indexOf(socket);
    if (at !== -1) open.splice(at, 1);
    for (const [id, each] of pending) {
      if (each.socket !== socket) continue;
      pending.delete(id);
      each.settle({ acked: false, body: null, status: null });
    }
    for (const check of waiting) check();
  }

  function until(reached: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!reached()) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  }

  function receive(socket: WebSocket, text: string): void {
    const message = parseJson(text);
    const id = isJson(message) ? asText(message['envelope_id']) : '';
    const wanted = pending.get(id);
    if (wanted === undefined || wanted.socket !== socket || !isJson(message)) {
      world.broke('ack', answered.has(id) ? `${id} answered twice or too late` : `unknown envelope ${text}`);
      return;
    }
    pending.delete(id);
    answered.add(id);
    const payload = isJson(message['payload']) ? message['payload'] : {};
    const body = Object.keys(payload).length === 0 ? null : payload;
    if (body !== null && !wanted.takesPayload) world.broke('ack', 'a payload where the envelope takes none');
    wanted.settle({ acked: true, body, status: null });
  }

  const deliver: Deliver = (request, options) => {
    const envelopeId = options.sameEnvelope === false ? world.id('env') : request.envelopeId;
    const takesPayload = request.type !== 'events_api';
    let sent = false;

    function send(settle: Settle): void {
      const socket = open[turn++ % Math.max(1, open.length)];
      if (socket === undefined) {
        settle({ acked: false, body: null, status: null });
        return;
      }
      answered.delete(envelopeId);
      pending.set(envelopeId, { socket, settle, takesPayload });
      if (frozen) return;
      sent = true;
      const { type, payload } = request;
      const envelope = { envelope_id: envelopeId, payload, type, accepts_response_payload: takesPayload };
      socket.send(JSON.stringify(takesPayload ? envelope : { ...envelope, ...retries(options) }));
    }

    return awaitAck(world, request, send, () => {
      pending.delete(envelopeId);
      answered.add(envelopeId);
      return sent;
    });
  };

  return {
    ticket() {
      const id = world.id('ticket');
      tickets.set(id, world.clock.now());
      return `/link/?ticket=${id}&app_id=${world.appId}`;
    },
    upgrade(request, socket, head) {
      const id = new URL(request.url ?? '/', 'http://localhost').searchParams.get('ticket') ?? '';
      const issuedAt = tickets.get(id);
      tickets.delete(id);
      if (issuedAt === undefined || world.clock.now() - issuedAt > LIFETIMES.ticketMs) {
        socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
        return;
      }
      server.handleUpgrade(request, socket, head, admit);
    },
    deliver,
    get connections() {
      return open.length;
    },
    connected: async (count) => await until(() => open.length >= count),
    disconnected: async () => await until(() => open.length === 0),
    refresh() {
      for (const socket of open) {
        socket.send(JSON.stringify({ type: 'disconnect', reason: 'warning', debug_info: debugInfo() }));
        socket.send(
          JSON.stringify({ type: 'disconnect', reason: 'refresh_requested', debug_info: debugInfo() }),
        );
        // Nothing more is sent there; a client that stays is cut.
        const cut = world.clock.after(PING_MS, () => socket.terminate());
        socket.once('close', () => cut[Symbol.dispose]());
      }
    },
    disconnect() {
      for (const socket of open) socket.terminate();
    },
    freeze: (now) => void (frozen = now),
    close() {
      clearInterval(pings);
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}

const retries = (options: RedeliverOptions): Json => ({
  retry_attempt: options.retryNum ?? 0,
  retry_reason: options.retryReason ?? (options.retryNum === undefined ? '' : 'timeout'),
});

const debugInfo = (): Json => ({ host: 'applink-emulated', approximate_connection_time: 18_060 });
