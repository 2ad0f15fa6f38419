import { z } from 'zod';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { toAppError } from '../../src/errors.ts';
import { slackErrorOf } from './errors.ts';
import type { WebApi } from './web-api.ts';

const MAX_KEPT = 10_000;
/** A bot is seldom removed; after an invitation nobody wants to wait. */
const KEEP_YES_MS = 10 * 60_000;
const KEEP_NO_MS = 5000;
/** Within the time of an acknowledgement; without an answer the request goes on. */
const WAIT_MS = 800;
const IN_A_HURRY = { maxWaitMs: WAIT_MS, timeoutMs: 3000 };
/** Said where the bot is not and may not look. */
const OUTSIDE: ReadonlySet<string> = new Set(['channel_not_found', 'not_in_channel']);

const roomSchema = z.object({ channel: z.object({ is_member: z.boolean().optional() }) });
const openedSchema = z.object({ channel: z.object({ id: z.string() }) });

export interface Rooms {
  /**
   * Whether what a command starts could be shown where it was typed: in a channel that the bot is in, or in the asker's direct
   * messages with it. False only when that is known. Never throws.
   */
  mayPost(asked: { room: string; roomName: string | null; user: string }): Promise<boolean>;
  /** The direct messages with a person; the person's id where Slack does not say in time: posts get there too. Never throws. */
  directMessages(user: string): Promise<string>;
}

/** Direct messages have no room in which others could be told something. */
export function isDirect(room: string): boolean {
  return !room.startsWith('C') && !room.startsWith('G');
}

export function createRooms(deps: { web: WebApi; clock: Clock; log: Logger }): Rooms {
  const { web, clock, log } = deps;
  const inside = createMemory<boolean>(clock);
  const direct = createMemory<string>(clock);

  async function askInside(room: string): Promise<boolean | null> {
    try {
      const { channel } = await web.call('conversations.info', { channel: room }, roomSchema, IN_A_HURRY);
      return channel.is_member !== false;
    } catch (error) {
      const slackError = slackErrorOf(error);
      if (slackError !== null && OUTSIDE.has(slackError)) return false;
      log.info({ room, reason: toAppError(error).message }, 'a room could not be looked at');
      return null;
    }
  }

  async function askDirect(user: string): Promise<string | null> {
    try {
      const { channel } = await web.call('conversations.open', { users: user }, openedSchema, IN_A_HURRY);
      return channel.id;
    } catch (error) {
      log.info({ reason: toAppError(error).message }, 'direct messages could not be opened');
      return null;
    }
  }

  const directMessages = (user: string) =>
    direct.get(user, () => askDirect(user), { otherwise: user, keepMs: () => KEEP_YES_MS });

  return {
    directMessages,
    async mayPost({ room, roomName, user }) {
      if (isDirect(room)) {
        const found = await directMessages(user);
        return found === room || found === user;
      }
      // Group direct messages: an app is in none, and has no scope to look.
      if (roomName?.startsWith('mpdm-') === true) return false;
      return inside.get(room, () => askInside(room), {
        otherwise: true,
        keepMs: (yes) => (yes ? KEEP_YES_MS : KEEP_NO_MS),
      });
    },
  };
}

/** Answers of the platform, each asked for once at a time and waited for in a hurry. */
function createMemory<T>(clock: Clock) {
  const known = new Map<string, { value: T; until: number }>();
  const asking = new Map<string, Promise<T | null>>();

  async function ask(key: string, work: () => Promise<T | null>, keepMs: (value: T) => number) {
    const value = await work();
    asking.delete(key);
    if (value === null) return null;
    known.delete(key);
    known.set(key, { value, until: clock.monotonic() + keepMs(value) });
    const [oldest] = known.keys();
    if (known.size > MAX_KEPT && oldest !== undefined) known.delete(oldest);
    return value;
  }

  return {
    /** `otherwise` when there is no answer, or none in time. */
    async get(
      key: string,
      work: () => Promise<T | null>,
      { otherwise, keepMs }: { otherwise: T; keepMs: (value: T) => number },
    ): Promise<T> {
      const found = known.get(key);
      if (found !== undefined && found.until > clock.monotonic()) return found.value;
      const asked = asking.get(key) ?? ask(key, work, keepMs);
      asking.set(key, asked);
      const late = Promise.withResolvers<null>();
      using _limit = clock.after(WAIT_MS, () => late.resolve(null));
      return (await Promise.race([asked, late.promise])) ?? otherwise;
    },
  };
}
