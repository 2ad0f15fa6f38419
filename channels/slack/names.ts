import { z } from 'zod';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { toAppError } from '../../src/errors.ts';
import type { WebApi } from './web-api.ts';

const MAX_NAMES = 10_000;
/** A name may change; what is shown is for people, never for decisions. */
const KEEP_MS = 24 * 3_600_000;
/** An id on a card is better than an acknowledgement too late. */
const WAIT_MS = 800;

const userSchema = z.object({
  user: z.object({
    name: z.string().optional(),
    real_name: z.string().optional(),
    profile: z.object({ display_name: z.string().optional() }).optional(),
  }),
});

/** Names of people for cards. */
export interface Names {
  /** Slack said it beside a request. */
  remember(team: string | null, user: string, name: string | null | undefined): void;
  /** Asks Slack where none is known (scope `users:read`); the id when it does not say in time. Never throws. */
  of(team: string | null, user: string): Promise<string>;
}

export function createNames(deps: { web: WebApi; clock: Clock; log: Logger }): Names {
  const { web, clock, log } = deps;
  const known = new Map<string, { name: string; until: number }>();
  const asking = new Map<string, Promise<string>>();
  const keyOf = (team: string | null, user: string) => `${team ?? ''}:${user}`;

  function remember(team: string | null, user: string, name: string | null | undefined): void {
    if (name === null || name === undefined || name === '') return;
    const key = keyOf(team, user);
    known.delete(key);
    known.set(key, { name, until: clock.monotonic() + KEEP_MS });
    const [oldest] = known.keys();
    if (known.size > MAX_NAMES && oldest !== undefined) known.delete(oldest);
  }

  async function ask(team: string | null, user: string): Promise<string> {
    try {
      const answer = await web.call('users.info', { user }, userSchema, {
        maxWaitMs: WAIT_MS,
        timeoutMs: 3000,
      });
      const { name, real_name: realName, profile } = answer.user;
      const found = [profile?.display_name, realName, name].find(
        (given) => given !== undefined && given !== '',
      );
      remember(team, user, found);
      return found ?? user;
    } catch (error) {
      log.info({ reason: toAppError(error).message }, 'a name was not found');
      return user;
    }
  }

  return {
    remember,
    async of(team, user) {
      const key = keyOf(team, user);
      const found = known.get(key);
      if (found !== undefined && found.until > clock.monotonic()) return found.name;
      const asked = asking.get(key) ?? ask(team, user).finally(() => asking.delete(key));
      asking.set(key, asked);
      const late = Promise.withResolvers<string>();
      using _limit = clock.after(WAIT_MS, () => late.resolve(found?.name ?? user));
      return await Promise.race([asked, late.promise]);
    },
  };
}
