import { type RateLimitData, REST, type RouteLike, RequestMethod } from 'discord.js';
import { z } from 'zod';
import { AppError } from '../../src/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { isTokenError, toChannelError, waitOf } from './errors.ts';
import type { DiscordHealth } from './health.ts';
import { makeRequest } from './request.ts';

/** Discord answers within a second; what takes longer is asked again by whoever needs it. */
const CALL_TIMEOUT_MS = 15_000;
/** With the bytes of files. The delivery loop gives up on a send after a minute. */
const UPLOAD_TIMEOUT_MS = 45_000;
/** A bucket of a channel is full again after five seconds; what takes longer is tried again later. */
const MAX_WAIT_MS = 6000;
/** Refused requests are counted, and too many of them shut the address out of Discord. */
const REFUSED_TOKEN_PAUSE_MS = 60_000;

const METHODS = {
  GET: RequestMethod.Get,
  POST: RequestMethod.Post,
  PATCH: RequestMethod.Patch,
  PUT: RequestMethod.Put,
  DELETE: RequestMethod.Delete,
} as const;

/** One request with the bot's own token. */
export interface RestRequest {
  method: keyof typeof METHODS;
  /** `/channels/123/messages`; `Routes` of discord.js makes them. */
  route: RouteLike;
  body?: unknown;
  query?: URLSearchParams;
  files?: readonly { name: string; data: Buffer }[];
}

/** The only caller of Discord's REST interface with the bot's token; answers to interactions go by discord.js itself. */
export interface RestApi {
  /**
   * Asks once and checks the answer. A rate limit that is soon over is waited for; nothing that may have landed is repeated. Throws
   * CHANNEL_PERMANENT or CHANNEL_TRANSIENT, with Discord's own code in `context.discordCode` (null without one) and
   * `context.retryAfterMs` where it is known.
   */
  call<T>(request: RestRequest, answer: z.ZodType<T>): Promise<T>;
}

export interface RestApiOptions {
  token: string;
  /** `https://discord.com/api`, or an emulator's. */
  apiUrl: string;
  clock: Clock;
  log: Logger;
  /** Aborted at the stop: what is still asked ends as CHANNEL_TRANSIENT. */
  closing: AbortSignal;
  /** Told when the token is refused, and when it is accepted again. Default nobody. */
  health?: Pick<DiscordHealth, 'report'>;
}

export function createRestApi({ token, apiUrl, clock, log, closing, health }: RestApiOptions): RestApi {
  const rest = new REST({
    api: apiUrl,
    version: '10',
    retries: 0,
    timeout: UPLOAD_TIMEOUT_MS,
    rejectOnRateLimit: takesLong,
    makeRequest,
  });
  let refusedUntil = Number.NEGATIVE_INFINITY;
  let tokenRefused = false;
  closing.addEventListener('abort', () => {
    rest.clearHashSweeper();
    rest.clearHandlerSweeper();
  });

  function noteOutcome(error: AppError | null): void {
    if (error !== null && isTokenError(error)) {
      tokenRefused = true;
      refusedUntil = clock.monotonic() + REFUSED_TOKEN_PAUSE_MS;
      health?.report('token', 'down', `${error.message}; ${error.hint ?? ''}`);
    } else if (tokenRefused && error === null) {
      tokenRefused = false;
      health?.report('token', 'up');
    }
  }

  async function ask({ method, route, body, query, files }: RestRequest): Promise<unknown> {
    const waitMs = refusedUntil - clock.monotonic();
    if (waitMs > 0) throw stillRefused(waitMs);
    // The library forgets a token that was refused once.
    rest.setToken(token);
    const late = new AbortController();
    const timeoutMs = files === undefined ? CALL_TIMEOUT_MS : UPLOAD_TIMEOUT_MS;
    using _timer = clock.after(timeoutMs, () => late.abort());
    const signal = AbortSignal.any([late.signal, closing]);
    const asking = rest.request({
      method: METHODS[method],
      fullRoute: route,
      signal,
      ...(body === undefined ? {} : { body }),
      ...(query === undefined ? {} : { query }),
      ...(files === undefined ? {} : { files: [...files] }),
    });
    return await untilAborted(asking, signal);
  }

  return {
    async call(request, answer) {
      const what = `${request.method} ${request.route}`;
      try {
        const given = await ask(request);
        noteOutcome(null);
        return checked(answer, given, what);
      } catch (error) {
        const failure = toChannelError(error, what);
        noteOutcome(failure);
        log.debug({ what, code: failure.code, reason: failure.message }, 'discord call failed');
        throw failure;
      }
    },
  };
}

/** The library would wait however long it takes, and nothing could end that wait. */
export function takesLong(limit: RateLimitData): boolean {
  return waitOf(limit) > MAX_WAIT_MS;
}

/** The library's own timeout does not count what it reads of the answer. */
async function untilAborted<T>(asking: Promise<T>, signal: AbortSignal): Promise<T> {
  const ended = Promise.withResolvers<never>();
  const stop = () => ended.reject(new DOMException('no answer in time', 'AbortError'));
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([asking, ended.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function checked<T>(answer: z.ZodType<T>, given: unknown, what: string): T {
  const parsed = answer.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new AppError('CHANNEL_TRANSIENT', `Discord's answer to ${what} is not what it should be`, {
    context: { what, discordCode: null, problem: z.prettifyError(parsed.error) },
  });
}

function stillRefused(retryAfterMs: number): AppError {
  return new AppError('CHANNEL_TRANSIENT', "Discord refuses the bot's token", {
    context: { discordCode: null, status: null, retryAfterMs, scope: 'channel' },
  });
}
