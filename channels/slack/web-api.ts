import { webApi } from '@slack/bolt';
import { z } from 'zod';
import { AppError } from '../../src/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { createBoltLogger } from './bolt-logger.ts';
import { createBudgets, type Slot, type SlackMethod } from './budgets.ts';
import { isTokenError, neededScopesOf, slackErrorOf, toChannelError } from './errors.ts';
import type { SlackHealth } from './health.ts';
import { SLACK_SCOPES } from './scopes.ts';

/** Slack answers within a second; what takes longer is asked again by whoever needs it. */
export const CALL_TIMEOUT_MS = 10_000;
/** A call waits so long for a place in its budget; then it is tried again later, as if Slack had said so. */
const MAX_WAIT_MS = 20_000;

export type SlackArguments = Readonly<Record<string, unknown>>;

/** The only caller of Slack's Web API. */
export interface WebApi {
  /**
   * Calls a method once and checks its answer. It waits for a place in the method's budget, and in that of `args.channel` where the
   * method counts rooms. Never repeats a call, which may have landed. Throws CHANNEL_PERMANENT or CHANNEL_TRANSIENT, with Slack's
   * word in `context.slackError` and `context.retryAfterMs` where it is known.
   */
  call<T>(method: SlackMethod, args: SlackArguments, answer: z.ZodType<T>, options?: CallOptions): Promise<T>;
}

export interface CallOptions {
  /** Of the answer; milliseconds. Default 10 s. */
  timeoutMs?: number;
  /** For a place in the budget; milliseconds. Default 20 s: what has a person waiting asks for less. */
  maxWaitMs?: number;
}

export interface WebApiOptions {
  token: string;
  /** `https://slack.com/api/`, or an emulator's. */
  apiUrl: string;
  clock: Clock;
  log: Logger;
  /** Aborted at the stop: what is still asked ends as CHANNEL_TRANSIENT. */
  closing: AbortSignal;
  /** Told when the token or a scope is refused, and when it is accepted again. Default nobody. */
  health?: Pick<SlackHealth, 'report'>;
}

export function createWebApi(options: WebApiOptions): WebApi {
  const { clock, log, closing } = options;
  const budgets = createBudgets(clock);
  const client = new webApi.WebClient(options.token, clientOptions(options));
  let tokenRefused = false;
  /** Methods that missed a scope at their last call. */
  const unscoped = new Set<SlackMethod>();

  async function enter(method: SlackMethod, room: string | null, maxWaitMs: number): Promise<Slot[]> {
    const slots: Slot[] = [];
    for (const budget of budgets.of(method, room)) {
      const slot = await budget.take(maxWaitMs);
      if (slot === null) {
        for (const taken of slots) taken[Symbol.dispose]();
        throw busy(method, room, budget.pausedFor());
      }
      slots.push(slot);
    }
    return slots;
  }

  function noteOutcome(method: SlackMethod, error: AppError | null): void {
    const slackError = slackErrorOf(error);
    if (error !== null && isTokenError(slackError)) {
      tokenRefused = true;
      options.health?.report('token', 'down', `${error.message}; ${error.hint ?? ''}`);
    } else if (error !== null && slackError === 'missing_scope' && isOurs(neededScopesOf(error))) {
      unscoped.add(method);
      options.health?.report('scopes', 'degraded', `${error.message}; ${error.hint ?? ''}`);
    } else if (tokenRefused && (error === null || slackError !== null)) {
      tokenRefused = false;
      options.health?.report('token', 'up');
    }
    // Installed again, the app has the scope under the same token.
    if (error === null && unscoped.delete(method) && unscoped.size === 0)
      options.health?.report('scopes', 'up');
  }

  return {
    async call(method, args, answer, { timeoutMs = CALL_TIMEOUT_MS, maxWaitMs = MAX_WAIT_MS } = {}) {
      const room = typeof args['channel'] === 'string' ? args['channel'] : null;
      const slots = await enter(method, room, maxWaitMs);
      try {
        const given = await inTime(client.apiCall(method, args), timeoutMs, { clock, closing });
        noteOutcome(method, null);
        return checked(answer, given, method, room);
      } catch (error) {
        const failure = toChannelError(error, method, room);
        const { retryAfterMs } = failure.context;
        if (typeof retryAfterMs === 'number') budgets.of(method, room)[0]?.pause(retryAfterMs);
        noteOutcome(method, failure);
        log.debug({ method, room, code: failure.code, reason: failure.message }, 'slack call failed');
        throw failure;
      } finally {
        for (const slot of slots) slot[Symbol.dispose]();
      }
    },
  };
}

/**
 * The library's own client, without its habits: it repeats nothing, waits for no rate limit and follows no address outside
 * `apiUrl`. Its timeout does not count what it reads of the answer, so every call has one of its own too.
 */
export function clientOptions({
  apiUrl,
  log,
  closing,
}: Pick<WebApiOptions, 'apiUrl' | 'log' | 'closing'>): webApi.WebClientOptions {
  return {
    slackApiUrl: apiUrl,
    allowAbsoluteUrls: false,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: CALL_TIMEOUT_MS,
    logger: createBoltLogger(log),
    fetch: async (url, init) => {
      const signals = [closing, init?.signal].filter((signal) => signal instanceof AbortSignal);
      return fetch(url, { ...init, signal: AbortSignal.any(signals) });
    },
  };
}

async function inTime<T>(
  calling: Promise<T>,
  timeoutMs: number,
  { clock, closing }: Pick<WebApiOptions, 'clock' | 'closing'>,
): Promise<T> {
  const ended = Promise.withResolvers<never>();
  using _timer = clock.after(timeoutMs, () => ended.reject(new Error('no answer in time')));
  const stop = () => ended.reject(new Error('Airlock stops'));
  closing.addEventListener('abort', stop, { once: true });
  if (closing.aborted) stop();
  try {
    return await Promise.race([calling, ended.promise]);
  } finally {
    closing.removeEventListener('abort', stop);
  }
}

/** Something may be asked about a place that the manifest grants no look into, such as a group message: nothing is wrong then. */
function isOurs(needed: readonly string[]): boolean {
  return needed.length === 0 || needed.some((scope) => Object.hasOwn(SLACK_SCOPES, scope));
}

function checked<T>(answer: z.ZodType<T>, given: unknown, method: string, room: string | null): T {
  const parsed = answer.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new AppError('CHANNEL_TRANSIENT', `Slack's answer to ${method} is not what it should be`, {
    context: { method, room, slackError: null, problem: z.prettifyError(parsed.error) },
  });
}

function busy(method: string, room: string | null, pausedMs: number): AppError {
  const retryAfterMs = Math.max(1000, pausedMs);
  return new AppError('CHANNEL_TRANSIENT', `the budget of Slack's ${method} is used up for now`, {
    context: { method, room, slackError: 'ratelimited', retryAfterMs },
  });
}
