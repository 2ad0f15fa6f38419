/** The platform's budgets per method. */
import { LIFETIMES } from './limits.ts';
import type { World } from './world.ts';

/** Calls in 60 s. Tiers as the methods' pages give them; per workspace unless said otherwise. */
const TIERS: Readonly<Record<string, number>> = {
  'auth.test': 600,
  // Tier 1; the platform lets an app that lost its sockets open all of them again.
  'apps.connections.open': 10,
  'chat.update': 50,
  'chat.delete': 50,
  'chat.postEphemeral': 100,
  'views.open': 100,
  'views.update': 100,
  'views.push': 100,
  'views.publish': 100,
  'conversations.replies': 50,
  'conversations.history': 50,
  'conversations.info': 50,
  'conversations.members': 100,
  'conversations.open': 50,
  'conversations.list': 20,
  'users.info': 100,
  'bots.info': 50,
  'usergroups.list': 20,
  'usergroups.users.list': 20,
  'files.getUploadURLExternal': 100,
  'files.completeUploadExternal': 100,
  'files.info': 100,
};

/** Into one channel: one a second, and so many at once. */
const POST_BURST = 3;
const POST_INTERVAL_MS = 1000;

export interface Rates {
  /** Takes one call; null when it fits, else seconds to wait. What is refused takes nothing. */
  take(method: string, channel: string): number | null;
}

export function createRates(world: World, budgets: Readonly<Record<string, number>>): Rates {
  const windows = new Map<string, number[]>();
  const buckets = new Map<string, { tokens: number; at: number }>();

  function inWindow(key: string, most: number): number | null {
    const now = world.clock.now();
    const recent = (windows.get(key) ?? []).filter((at) => at > now - LIFETIMES.windowMs);
    windows.set(key, recent);
    const [oldest] = recent;
    if (recent.length >= most)
      return Math.max(1, Math.ceil(((oldest ?? now) + LIFETIMES.windowMs - now) / 1000));
    recent.push(now);
    return null;
  }

  function inBucket(channel: string): number | null {
    const now = world.clock.now();
    const bucket = buckets.get(channel) ?? { tokens: POST_BURST, at: now };
    const tokens = Math.min(POST_BURST, bucket.tokens + (now - bucket.at) / POST_INTERVAL_MS);
    const fits = tokens >= 1;
    buckets.set(channel, { tokens: fits ? tokens - 1 : tokens, at: now });
    return fits ? null : 1;
  }

  return {
    take(method, channel) {
      const most = budgets[method] ?? TIERS[method];
      const perChannel = method === 'chat.postMessage';
      if (most === undefined) return perChannel ? inBucket(channel) : null;
      if (most === Number.POSITIVE_INFINITY) return null;
      return inWindow(perChannel ? `${method} ${channel}` : method, most);
    },
  };
}
