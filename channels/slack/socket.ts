import { type App, SocketModeReceiver } from '@slack/bolt';
import { z } from 'zod';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { createBoltLogger } from './bolt-logger.ts';
import { clientOptions } from './web-api.ts';

/** Pings go out every third of it. The library's 5 s take a busy moment of this process for a dead socket. */
const PONG_TIMEOUT_MS = 15_000;
/** From the start to Slack's `hello`. */
const HELLO_TIMEOUT_MS = 20_000;
/** A peer that does not answer a close frame: the library would wait 30 s for it. */
const CLOSE_TIMEOUT_MS = 1000;
/** How often a socket is asked whether it hangs between open and closed. */
const WATCH_MS = 2000;

const goodbyeSchema = z.object({ type: z.literal('disconnect'), reason: z.string().default('unknown') });

/** What ended a socket: Slack's reason (`refresh_requested`, `warning`, `too_many_websockets`, `link_disabled`), or `lost`. */
export type SocketEnd = { reason: string; refresh: boolean };

/** One Socket Mode connection. */
export interface Socket {
  /** Resolves with Slack's hello. Rejects with what the library threw, or a {@link SocketGoodbye}. */
  opened: Promise<void>;
  /** Resolves when Slack says goodbye, which is before it closes, or when the connection is lost. Never rejects. */
  ended: Promise<SocketEnd>;
  /** Resolves when the socket is closed; forced after a second. Twice is once. */
  close(): Promise<void>;
}

/** Slack ended it before the hello. */
export class SocketGoodbye extends Error {
  readonly reason: string;
  constructor(reason: string) {
    super(`Slack closed the socket: ${reason}`);
    this.name = 'SocketGoodbye';
    this.reason = reason;
  }
}

export interface SocketOptions {
  app: App;
  appToken: string;
  apiUrl: string;
  clock: Clock;
  log: Logger;
  /** Aborted at the stop. */
  closing: AbortSignal;
}

/**
 * Opens one connection with the library's receiver. Reconnecting is its owner's business (decision 0013): the library would wait 5 s
 * before it, and throws where nobody catches it.
 */
export function openSocket(options: SocketOptions): Socket {
  const { clock, log } = options;
  const receiver = new SocketModeReceiver({
    appToken: options.appToken,
    logger: createBoltLogger(log),
    autoReconnectEnabled: false,
    clientPingTimeout: PONG_TIMEOUT_MS,
    installerOptions: { clientOptions: clientOptions(options) },
    processEventErrorHandler: async ({ error }) => {
      log.warn({ err: error }, 'a request of Slack could not be handled');
      // Not acknowledged: Slack sends it again.
      return false;
    },
  });
  receiver.init(options.app);
  const { client } = receiver;
  const ended = Promise.withResolvers<SocketEnd>();
  const hasSocket = new Promise<void>((resolve) => client.once('connecting', resolve));
  client.on('disconnected', () => ended.resolve({ reason: 'lost', refresh: false }));
  guardMessages(receiver, log, (reason) =>
    ended.resolve({ reason, refresh: reason === 'warning' || reason === 'refresh_requested' }),
  );

  const starting = receiver.start();
  // Whether or not anybody waits for it.
  const settled = starting.then(
    () => {},
    () => {},
  );
  const opened = helloInTime();
  opened.catch(() => {});
  let closing: Promise<void> | null = null;

  async function helloInTime(): Promise<void> {
    const late = Promise.withResolvers<never>();
    using _timer = clock.after(HELLO_TIMEOUT_MS, () => late.reject(new Error('no hello in time')));
    const refused = ended.promise.then(({ reason }) => {
      throw new SocketGoodbye(reason);
    });
    refused.catch(() => {});
    // What the library throws says more than that the socket ended.
    await Promise.race([starting.catch(wordless), refused, late.promise]);
    watch();
  }

  /** When pings go unanswered the library begins a closing handshake, with a peer that is gone. */
  function watch(): void {
    let closingSeen = false;
    const look = () => {
      const state = client.websocket?.readyState;
      if (state === undefined || state === WebSocket.CLOSED) return;
      if (state === WebSocket.CLOSING && closingSeen) {
        void client.disconnect();
        return;
      }
      closingSeen = state === WebSocket.CLOSING;
      clock.after(WATCH_MS, look);
    };
    clock.after(WATCH_MS, look);
  }

  async function disconnect(): Promise<void> {
    // Before there is a socket there is nothing to close, and the library would open it all the same.
    await Promise.race([settled, hasSocket]);
    if (client.websocket === undefined) return;
    using _timer = clock.after(CLOSE_TIMEOUT_MS, () => void client.disconnect());
    await client.disconnect();
  }

  return {
    opened,
    ended: ended.promise,
    close() {
      closing ??= disconnect();
      return closing;
    },
  };
}

/** The library rejects with nothing when the socket closes before the hello; what closed it is told by `ended`. */
function wordless(error: unknown): Promise<never> {
  return error === undefined ? new Promise<never>(() => {}) : Promise.reject(error);
}

/**
 * Stands before the library's handler of messages. That one is asynchronous, throws on an envelope it does not expect, and nobody
 * catches it; and it closes the socket at the first goodbye, while Slack still delivers on it for some seconds, in which a successor
 * can be opened.
 */
function guardMessages(receiver: SocketModeReceiver, log: Logger, onGoodbye: (reason: string) => void): void {
  const { client } = receiver;
  const handlers = client.listeners('ws_message');
  client.removeAllListeners('ws_message');
  client.on('ws_message', (data: unknown, isBinary: unknown) => {
    const reason = goodbyeOf(data);
    if (reason !== null) {
      onGoodbye(reason);
      return;
    }
    for (const handle of handlers) {
      Promise.resolve()
        .then(() => handle(data, isBinary))
        .catch((error: unknown) => log.warn({ err: error }, 'a message of Slack could not be read'));
    }
  });
}

function goodbyeOf(data: unknown): string | null {
  if (typeof data !== 'string' || !data.includes('"disconnect"')) return null;
  try {
    const parsed = goodbyeSchema.safeParse(JSON.parse(data));
    return parsed.success ? parsed.data.reason : null;
  } catch {
    return null;
  }
}
