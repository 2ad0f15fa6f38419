import {
  Client,
  type ClientOptions,
  Events,
  GatewayIntentBits,
  SimpleShardingStrategy,
  type WebSocketOptions,
} from 'discord.js';
import { AppError, toAppError } from '../../src/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { TOKEN_HINT } from './errors.ts';
import type { DiscordHealth } from './health.ts';
import { NO_MENTIONS } from './posts.ts';
import { makeRequest } from './request.ts';
import { takesLong } from './rest-api.ts';
import type { DiscordSettings } from './settings.ts';

/** A start waits no longer for Discord; the connection is then made in the background. */
const START_WAIT_MS = 15_000;
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 30_000;
/** What only the operator mends is tried again seldom: a day has a thousand sign-ins. */
const HOPELESS_WAIT_MS = 5 * 60_000;
/** Discord asks for a new connection every few hours; one that is back so soon, a new session included, was never away. */
const BLINK_MS = 8000;
/** The library tries again without a pause; a client that is away so long is replaced, with pauses between. */
const AWAY_MS = 60_000;
/** First answers to interactions are worth nothing after three seconds. */
const INTERACTION_TIMEOUT_MS = 10_000;

export interface ConnectionOptions {
  settings: DiscordSettings;
  health: Pick<DiscordHealth, 'report'>;
  clock: Clock;
  log: Logger;
  /** Called for every client before it signs in; what it gives is called when that client is let go. */
  register: (client: Client) => () => void;
  /** A client has signed in; called for the next one too. */
  onReady: () => void;
}

/** The gateway: signed in, and signed in again. */
export interface Connection {
  /** Throws CONFIG_INVALID when the token or the application is refused at once. Twice is once. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Our own user; null before Discord has said it. */
  botUserId(): string | null;
}

/** How the life of one client ended: what is hopeless, or null for what trying again may mend. */
interface End {
  hopeless: AppError | null;
  reason: string;
}

/**
 * Keeps one client of discord.js signed in. The library resumes lost sessions itself; what it gives up (a sign-in that fails, a session that Discord
 * ends for good) gets a new client after a pause.
 */
export function createConnection(options: ConnectionOptions): Connection {
  const { settings, health, clock, log } = options;
  const closing = new AbortController();
  let running: Promise<void> | null = null;
  let botUserId: string | null = null;

  async function run(first: (hopeless: AppError | null) => void): Promise<void> {
    let failures = 0;
    while (!closing.signal.aborted) {
      const end = await live(() => {
        failures = 0;
        first(null);
      });
      if (closing.signal.aborted) break;
      failures += 1;
      const waitMs = end.hopeless === null ? backoffMs(failures) : HOPELESS_WAIT_MS;
      const { hopeless } = end;
      log.warn({ reason: end.reason, waitMs }, 'no connection to Discord');
      health.report(
        'connection',
        'down',
        hopeless === null ? `${end.reason}; trying again` : `${hopeless.message}; ${hopeless.hint ?? ''}`,
      );
      first(hopeless);
      await untilClosing(waitMs);
    }
    first(null);
  }

  /** One client, from its sign-in to its end. Never throws. */
  async function live(onReady: () => void): Promise<End> {
    const dead = new AbortController();
    const client = new Client(clientOptions(settings, dead.signal));
    const ended = Promise.withResolvers<End>();
    const stop = () => ended.resolve({ hopeless: null, reason: 'it was stopped' });
    closing.signal.addEventListener('abort', stop, { once: true });
    using blink = createBlink(() => ended.resolve({ hopeless: null, reason: 'no connection for a minute' }));
    // Whatever a listener or a socket throws ends here: without a listener it would end the process.
    client.on(Events.Error, (error) => log.warn({ reason: error.message }, 'an error of discord.js'));
    client.on(Events.ShardError, (error) =>
      log.info({ reason: error.message }, 'a socket to Discord failed'),
    );
    client.on(Events.ClientReady, (ready) => {
      botUserId = ready.user.id;
      onReady();
      options.onReady();
    });
    const up = () => {
      blink.end();
      health.report('connection', 'up');
    };
    client.on(Events.ShardReady, up);
    client.on(Events.ShardResume, up);
    client.on(Events.ShardReconnecting, () => blink.begin());
    client.on(Events.ShardDisconnect, ({ code }) => ended.resolve(endOfCode(code)));
    client.on(Events.Invalidated, () =>
      ended.resolve({ hopeless: null, reason: 'Discord ended the session' }),
    );
    const release = options.register(client);
    try {
      // It settles when Discord has greeted us; until then the library tries by itself.
      client.login(settings.botToken).catch((error: unknown) => ended.resolve(endOfLogin(error)));
      return await ended.promise;
    } finally {
      closing.signal.removeEventListener('abort', stop);
      release();
      dead.abort();
      await letGo(client);
    }
  }

  async function letGo(client: Client): Promise<void> {
    try {
      await client.destroy();
    } catch (error) {
      log.info({ reason: toAppError(error).message }, 'a client of Discord was let go in disorder');
    }
  }

  /** Tells the health of a connection that stays away, and when it does so for long. */
  function createBlink(onAway: () => void) {
    let timers: DisposableStack | null = null;
    const end = () => {
      timers?.dispose();
      timers = null;
    };
    return {
      begin() {
        if (timers !== null) return;
        timers = new DisposableStack();
        timers.use(
          clock.after(BLINK_MS, () =>
            health.report('connection', 'down', 'the connection to Discord was lost; connecting again'),
          ),
        );
        timers.use(clock.after(AWAY_MS, onAway));
      },
      end,
      [Symbol.dispose]: end,
    };
  }

  async function untilClosing(milliseconds: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    using _timer = clock.after(milliseconds, over.resolve);
    closing.signal.addEventListener('abort', () => over.resolve(), { once: true });
    if (closing.signal.aborted) over.resolve();
    await over.promise;
  }

  async function start(): Promise<void> {
    const first = Promise.withResolvers<AppError | null>();
    running = run(first.resolve);
    using _limit = clock.after(START_WAIT_MS, () => first.resolve(null));
    const hopeless = await first.promise;
    if (hopeless === null) return;
    await stop();
    throw hopeless;
  }

  async function stop(): Promise<void> {
    closing.abort();
    await running;
  }

  return { start, stop, botUserId: () => botUserId };
}

/** No privileged intent: what people do comes as interactions, and nothing that they write is read. */
function clientOptions({ apiUrl }: DiscordSettings, dead: AbortSignal): ClientOptions {
  return {
    intents: [GatewayIntentBits.Guilds],
    allowedMentions: NO_MENTIONS,
    ws: { buildStrategy: endingWith(dead) },
    rest: {
      api: apiUrl,
      version: '10',
      retries: 0,
      timeout: INTERACTION_TIMEOUT_MS,
      rejectOnRateLimit: takesLong,
      makeRequest,
    },
  };
}

/**
 * A shard of the library connects again half a second after it lost its connection, even when its client was destroyed meanwhile. It
 * asks for its session before: from `dead` on nobody answers.
 */
function endingWith(dead: AbortSignal): NonNullable<WebSocketOptions['buildStrategy']> {
  return (manager) => {
    const { options } = manager;
    const retrieve = options.retrieveSessionInfo.bind(options);
    options.retrieveSessionInfo = (shard) => (dead.aborted ? new Promise(() => {}) : retrieve(shard));
    return new SimpleShardingStrategy(manager);
  };
}

function backoffMs(failures: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);
}

function endOfCode(code: number): End {
  const hint = CLOSE_HINTS[code];
  const reason = `Discord closed the connection with ${code}`;
  return { reason, hopeless: hint === undefined ? null : refused(reason, hint) };
}

function endOfLogin(error: unknown): End {
  const { message } = toAppError(error);
  const [, hint] = LOGIN_HINTS.find(([pattern]) => pattern.test(message)) ?? [];
  const reason = `Discord refuses the sign-in: ${message.replace(/^unexpected error: |\.$/g, '')}`;
  return { reason, hopeless: hint === undefined ? null : refused(reason, hint) };
}

function refused(message: string, hint: string): AppError {
  return new AppError('CONFIG_INVALID', message, { hint });
}

const INTENTS_HINT = 'this is a defect of Airlock: please report it';
const CLOSE_HINTS: Readonly<Record<number, string>> = {
  4004: TOKEN_HINT,
  4010: INTENTS_HINT,
  4011: 'the bot is in more than 2,500 servers: Airlock serves one team',
  4012: INTENTS_HINT,
  4013: INTENTS_HINT,
  4014: INTENTS_HINT,
};
/** What the library says where it keeps the code to itself. */
const LOGIN_HINTS: readonly (readonly [RegExp, string])[] = [
  [/invalid token|authentication failed/i, TOKEN_HINT],
  [/(?:disallowed|invalid) intents|invalid api version|invalid shard|sharding is required/i, INTENTS_HINT],
];
