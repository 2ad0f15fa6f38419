import { once } from 'node:events';
import { WebSocket } from 'ws';
import { startDiscordEmulator } from '../emulators/discord/discord-emulator.ts';
import type { DiscordEmulator, DiscordEmulatorOptions } from '../emulators/discord/types.ts';

export interface RawAnswer {
  status: number;
  code: number | undefined;
  body: Record<string, unknown>;
  headers: Headers;
}

export interface GatewayMessage {
  op: number;
  s: number | null;
  t: string | null;
  d: unknown;
}

export interface RawGateway extends Disposable {
  send(op: number, d: unknown): void;
  /** The first message of this kind, an op or the name of an event, or the `nth` one. */
  next(kind: number | string, nth?: number): Promise<GatewayMessage>;
  readonly received: readonly GatewayMessage[];
  readonly closed: Promise<number>;
}

/** A client with no manners: it sends what a test wants, right or wrong. */
export interface RawClient extends AsyncDisposable {
  discord: DiscordEmulator;
  channel: string;
  user: string;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<RawAnswer>;
  upload(path: string, body: unknown, files: readonly { name: string; bytes: number }[]): Promise<RawAnswer>;
  connect(query?: string): Promise<RawGateway>;
  identify(intents?: number): Promise<RawGateway>;
  /** Posts a message and gives its id. */
  post(body?: unknown, channel?: string): Promise<string>;
  /** Names of the broken rules. */
  rules(): string[];
}

export async function startRawClient(options: DiscordEmulatorOptions = {}): Promise<RawClient> {
  const discord = await startDiscordEmulator(options);
  const channel = discord.addChannel({ name: 'ops' });
  const user = discord.addUser({ name: 'ada' });

  async function request(method: string, path: string, init: RequestInit): Promise<RawAnswer> {
    const response = await fetch(`${discord.apiUrl}/v10${path}`, { method, ...init });
    const text = await response.text();
    const body: unknown = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : {};
    const fields = typeof body === 'object' && body !== null ? { ...body } : {};
    return {
      status: response.status,
      code: 'code' in fields && typeof fields.code === 'number' ? fields.code : undefined,
      body: fields,
      headers: response.headers,
    };
  }
  const authorization = () => ({ authorization: `Bot ${discord.botToken}` });

  const raw: RawClient = {
    discord,
    channel,
    user,
    call: (method, path, body, headers = {}) =>
      request(method, path, {
        headers: {
          ...authorization(),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    upload(path, body, files) {
      const form = new FormData();
      form.append('payload_json', JSON.stringify(body));
      for (const [index, { name, bytes }] of files.entries())
        form.append(`files[${index}]`, new Blob([new Uint8Array(bytes)]), name);
      return request('POST', path, { headers: authorization(), body: form });
    },
    async connect(query = 'v=10&encoding=json') {
      const socket = new WebSocket(`${discord.apiUrl.replace('http', 'ws').replace('/api', '')}/?${query}`);
      const received: GatewayMessage[] = [];
      const waiting: (() => void)[] = [];
      const closed = new Promise<number>((resolve) => socket.on('close', (code) => resolve(code)));
      socket.on('error', () => {});
      socket.on('message', (data: Buffer) => {
        received.push(JSON.parse(data.toString('utf8')));
        for (const look of waiting) look();
      });
      await once(socket, 'open');
      return {
        received,
        closed,
        send: (op, d) => socket.send(JSON.stringify({ op, d })),
        next: (kind, nth = 1) =>
          new Promise((resolve) => {
            const look = () => {
              const found = received.filter(({ op, t }) => op === kind || t === kind)[nth - 1];
              if (found !== undefined) resolve(found);
            };
            waiting.push(look);
            look();
          }),
        [Symbol.dispose]: () => socket.terminate(),
      };
    },
    async identify(intents = 1) {
      const gateway = await raw.connect();
      gateway.send(2, {
        token: discord.botToken,
        intents,
        properties: { os: 'x', browser: 'x', device: 'x' },
      });
      await gateway.next('READY');
      return gateway;
    },
    async post(body = { content: 'hello' }, to = channel) {
      const { body: message } = await raw.call('POST', `/channels/${to}/messages`, body);
      return String(message['id']);
    },
    rules: () => discord.violations.map(({ rule }) => rule),
    [Symbol.asyncDispose]: () => discord.close(),
  };
  return raw;
}
