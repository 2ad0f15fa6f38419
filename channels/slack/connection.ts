import type { App } from '@slack/bolt';
import { z } from 'zod';
import { AppError } from '../../src/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { createBoltLogger } from './bolt-logger.ts';
import { isTokenError, retryAfterMsOf, slackErrorOf, toChannelError } from './errors.ts';
import type { SlackHealth } from './health.ts';
import { createHttpEntrance } from './http-entrance.ts';
import { LateAckApp } from './late-ack.ts';
import { openSocket, type Socket, SocketGoodbye } from './socket.ts';
import type { SlackSettings } from './settings.ts';
import { clientOptions, type WebApi } from './web-api.ts';

/** Between two tries that failed: the first, and the longest after doubling. */
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 30_000;
/** What only the operator can mend: as often as Slack takes it (once a minute), so that what is mended there is noticed soon. */
const HOPELESS_WAIT_MS = 60_000;
/** A connection that lasted less has failed, whatever ended it. */
const SHORT_LIFE_MS = 10_000;

/** Who we are on Slack, as `auth.test` says. */
export interface SlackIdentity {
  teamId: string;
  botUserId: string;
  botId: string;
}

const authTestSchema = z.object({ team_id: z.string(), user_id: z.string(), bot_id: z.string() });

export interface Connection {
  /**
   * Connects. A platform that cannot be reached is no failure: health says so and it is tried on. Throws CONFIG_INVALID when Slack
   * refuses a token, or the address of the HTTP receiver cannot be had.
   */
  start(): Promise<void>;
  /** Resolves when no socket and no port is open. */
  stop(): Promise<void>;
  /** Null until Slack has said who we are. */
  identity(): SlackIdentity | null;
}

export interface ConnectionOptions {
  settings: SlackSettings;
  web: WebApi;
  health: Pick<SlackHealth, 'report'>;
  clock: Clock;
  log: Logger;
  /** Called once, before the first request comes in. */
  register(app: App, identity: SlackIdentity): void;
}

/** The way in: Socket Mode, or HTTP where that is configured, supervised until the stop. */
export function createConnection(options: ConnectionOptions): Connection {
  const { settings, web, health, clock, log } = options;
  const closing = new AbortController();
  const entrance = settings.http === null ? null : createHttpEntrance({ ...settings.http, clock, log });
  const sockets = new Set<Socket>();
  let identity: SlackIdentity | null = null;
  let app: App | null = null;
  let running: Promise<void> | null = null;
  let quickRefreshes = 0;

  /** Until the stop. `first` is told of the first try: null, or why it is hopeless. */
  async function run(first: (hopeless: AppError | null) => void): Promise<void> {
    let failures = 0;
    while (!closing.signal.aborted) {
      let waitMs = 0;
      try {
        const ready = await identify();
        if (settings.appToken === null) {
          entrance?.serve(ready);
          health.report('connection', 'up');
          first(null);
          return;
        }
        const livedMs = await holdSocket(ready, settings.appToken, () => {
          health.report('connection', 'up');
          first(null);
        });
        failures = livedMs < SHORT_LIFE_MS ? failures + 1 : 0;
        if (failures > 0) waitMs = backoffMs(failures);
      } catch (error) {
        failures += 1;
        const hopeless = hopelessness(error);
        waitMs = retryAfterMsOf(error) ?? (hopeless === null ? backoffMs(failures) : HOPELESS_WAIT_MS);
        if (!closing.signal.aborted) {
          tell(hopeless ?? toChannelError(error, 'apps.connections.open', null), waitMs);
        }
        first(hopeless);
      }
      await wait(waitMs);
    }
    first(null);
  }

  function tell(error: AppError, waitMs: number): void {
    log.warn({ reason: error.message, waitMs }, 'no connection to Slack');
    const detail =
      error.hint === undefined
        ? `${error.message}; trying again`
        : `${error.message}; ${error.hint}; trying again every minute`;
    health.report('connection', 'down', detail);
  }

  /** Who we are, asked until it is known; then the app that handles requests. */
  async function identify(): Promise<App> {
    if (app !== null) return app;
    const answer = await web.call('auth.test', {}, authTestSchema);
    const self = { teamId: answer.team_id, botUserId: answer.user_id, botId: answer.bot_id };
    const made = createApp(self);
    options.register(made, self);
    identity = self;
    app = made;
    return made;
  }

  function createApp(self: SlackIdentity): App {
    const made = new LateAckApp({
      receiver: NO_RECEIVER,
      // Given, so that the library asks nothing at its start: what it asks there nobody catches.
      authorize: async () => ({ ...self, botToken: settings.botToken }),
      clientOptions: clientOptions({ apiUrl: settings.apiUrl, log, closing: closing.signal }),
      logger: createBoltLogger(log),
      convoStore: false,
      attachFunctionToken: false,
    });
    made.error(async (error) => log.warn({ err: error }, 'a request of Slack could not be handled'));
    return made;
  }

  /** Opens a socket and stays until it ends; returns how long it lived. On a refresh it stays open until its successor is. */
  async function holdSocket(ready: App, appToken: string, onOpen: () => void): Promise<number> {
    const before = [...sockets];
    const socket = openSocket({
      app: ready,
      appToken,
      apiUrl: settings.apiUrl,
      clock,
      log,
      closing: closing.signal,
    });
    sockets.add(socket);
    try {
      await untilClosing(socket.opened);
    } catch (error) {
      retire(socket);
      throw error;
    }
    for (const old of before) retire(old);
    if (closing.signal.aborted) return 0;
    onOpen();
    const openedAt = clock.monotonic();
    const end = await untilClosing(socket.ended);
    if (end === undefined) return 0;
    log.info({ reason: end.reason }, 'the socket to Slack ends');
    const livedMs = clock.monotonic() - openedAt;
    if (end.refresh) {
      // Once at once, however early; one after the other is no refresh.
      quickRefreshes = livedMs < SHORT_LIFE_MS ? quickRefreshes + 1 : 0;
      return quickRefreshes > 1 ? livedMs : SHORT_LIFE_MS;
    }
    retire(socket);
    if (end.reason !== 'lost') throw new SocketGoodbye(end.reason);
    health.report('connection', 'down', 'the connection to Slack was lost; connecting again');
    return livedMs;
  }

  function retire(socket: Socket): void {
    void socket.close().finally(() => sockets.delete(socket));
  }

  /** What `waiting` gives, or nothing when the stop comes first. */
  function untilClosing<T>(waiting: Promise<T>): Promise<T | undefined> {
    const stopped = Promise.withResolvers<undefined>();
    const stop = () => stopped.resolve(undefined);
    closing.signal.addEventListener('abort', stop, { once: true });
    if (closing.signal.aborted) stop();
    return Promise.race([waiting, stopped.promise]).finally(() =>
      closing.signal.removeEventListener('abort', stop),
    );
  }

  async function wait(milliseconds: number): Promise<void> {
    if (milliseconds === 0) return;
    const over = Promise.withResolvers<void>();
    using _timer = clock.after(milliseconds, over.resolve);
    await untilClosing(over.promise);
  }

  async function start(): Promise<void> {
    await entrance?.listen();
    const first = Promise.withResolvers<AppError | null>();
    running = run(first.resolve);
    const hopeless = await first.promise;
    if (hopeless === null) return;
    await stop();
    throw hopeless;
  }

  async function stop(): Promise<void> {
    closing.abort();
    await running;
    await Promise.all([entrance?.close(), ...[...sockets].map((socket) => socket.close())]);
    sockets.clear();
  }

  return { start, stop, identity: () => identity };
}

/** Requests come from receivers of their own, one a socket: the app itself needs none. */
const NO_RECEIVER = { init: () => {}, start: async () => {}, stop: async () => {} };

function backoffMs(failures: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);
}

/** What trying again will not mend, as the operator should read it; null for everything else. */
function hopelessness(error: unknown): AppError | null {
  if (error instanceof SocketGoodbye) {
    const hint = GOODBYES[error.reason];
    return hint === undefined ? null : new AppError('CONFIG_INVALID', error.message, { hint, cause: error });
  }
  const slackError = slackErrorOf(error);
  if (slackError === null) return null;
  const variable = error instanceof AppError ? 'SLACK_BOT_TOKEN' : 'SLACK_APP_TOKEN';
  const message = `Slack refuses ${variable}: ${slackError}`;
  if (isTokenError(slackError) || slackError === 'missing_scope') {
    return new AppError('CONFIG_INVALID', message, {
      hint: TOKEN_HINTS[variable],
      context: { slackError },
      cause: error,
    });
  }
  return null;
}

const GOODBYES: Readonly<Record<string, string>> = {
  link_disabled: 'switch Socket Mode on in the settings of the Slack app',
};

const TOKEN_HINTS = {
  SLACK_BOT_TOKEN:
    "install the app into the workspace and set SLACK_BOT_TOKEN to the token that 'OAuth & Permissions' shows (xoxb-…)",
  SLACK_APP_TOKEN:
    "make an app-level token with the scope connections:write under 'Basic Information' and set SLACK_APP_TOKEN to it (xapp-…)",
} as const;
