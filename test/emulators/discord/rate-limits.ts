import { createHash } from 'node:crypto';
import type { Core } from './core.ts';
import { createWindow } from './core.ts';
import type { Route } from './routes/table.ts';

interface Rate {
  limit: number;
  perMs: number;
}

/** Discord publishes no numbers but those in its headers; these are what bots commonly meet. */
function rateOf(route: Route): Rate | null {
  if (route === 'POST /interactions/:interaction/:token/callback') return null;
  if (route.includes('/webhooks/')) return { limit: 5, perMs: route.startsWith('PATCH') ? 5_000 : 2_000 };
  if (route.startsWith('GET')) return { limit: 30, perMs: 10_000 };
  if (route.includes('/commands')) return { limit: 5, perMs: 20_000 };
  if (route === 'POST /channels/:channel/messages') return { limit: 5, perMs: 5_000 };
  if (route === 'PATCH /channels/:channel/messages/:message') return { limit: 5, perMs: 5_000 };
  if (route.endsWith('/threads')) return { limit: 50, perMs: 300_000 };
  if (route === 'PATCH /channels/:channel') return { limit: 5, perMs: 15_000 };
  return { limit: 10, perMs: 10_000 };
}

/** What a request is told about its limits. */
export interface RateVerdict {
  headers: Record<string, string>;
  /** Over the limit: when to come back. */
  retryAfterMs: number | null;
  global: boolean;
}

export interface RateLimiter {
  /** Counts a request. `major` is the channel, guild or webhook that the limit belongs to. */
  count(route: Route, major: string, exempt: boolean): RateVerdict;
  /** Stops a route, or everything, for a time: a fault. Gives the refusal of the request that met it. */
  block(key: Route | 'global', forMs: number): RateVerdict;
}

export function createRateLimiter(core: Core): RateLimiter {
  const buckets = new Map<string, { used: number; resetAt: number }>();
  const blocked = new Map<string, number>();
  const everything = createWindow(core, 1_000);
  const left = (key: string) => (blocked.get(key) ?? 0) - core.clock.now();

  function refused(retryAfterMs: number, global: boolean, headers: Record<string, string> = {}): RateVerdict {
    return {
      headers: {
        ...headers,
        'retry-after': String(Math.ceil(retryAfterMs / 1000)),
        'x-ratelimit-scope': global ? 'global' : 'user',
        ...(global ? { 'x-ratelimit-global': 'true' } : {}),
      },
      retryAfterMs,
      global,
    };
  }

  return {
    block(key, forMs) {
      blocked.set(key, core.clock.now() + forMs);
      return refused(forMs, key === 'global');
    },
    count(route, major, exempt) {
      if (left('global') > 0 && !exempt) return refused(left('global'), true);
      if (left(route) > 0) return refused(left(route), false);
      if (!exempt) {
        const { count, freeInMs } = everything.hit('all');
        if (count > core.limits.requestsPerSecond) return refused(freeInMs, true);
      }
      const rate = rateOf(route);
      if (rate === null) return { headers: {}, retryAfterMs: null, global: false };
      const key = `${route} ${major}`;
      const now = core.clock.now();
      const known = buckets.get(key);
      const bucket =
        known === undefined || known.resetAt <= now ? { used: 0, resetAt: now + rate.perMs } : known;
      buckets.set(key, bucket);
      bucket.used += 1;
      const headers = {
        'x-ratelimit-limit': String(rate.limit),
        'x-ratelimit-remaining': String(Math.max(0, rate.limit - bucket.used)),
        'x-ratelimit-reset': (bucket.resetAt / 1000).toFixed(3),
        'x-ratelimit-reset-after': ((bucket.resetAt - now) / 1000).toFixed(3),
        'x-ratelimit-bucket': createHash('sha256').update(route).digest('hex').slice(0, 32),
      };
      if (bucket.used > rate.limit) return refused(bucket.resetAt - now, false, headers);
      return { headers, retryAfterMs: null, global: false };
    },
  };
}
