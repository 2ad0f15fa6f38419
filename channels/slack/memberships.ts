import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { toAppError } from '../../src/errors.ts';
import type { HealthPart, SlackHealth } from './health.ts';
import type { SlackSelf } from './identity.ts';
import type { WebApi } from './web-api.ts';

/** Asked again after it. */
const FRESH_MS = 5 * 60_000;
/** An older answer gives no rights any more: somebody may have left. */
const STALE_MS = 30 * 60_000;
/** For the first answer, while a request waits for its acknowledgement. */
const FIRST_WAIT_MS = 800;

/** Who is in what gives rights, as Slack said not long ago. */
export interface Memberships {
  /** The names that a user is in. An answer of more than half an hour ago counts as none. Never throws. */
  of(user: string): Promise<readonly string[]>;
  /**
   * The same by an answer that is fresh, which is waited for; names that are not named any more are left out. Null when Slack does not
   * say. Never throws.
   */
  stillIn(user: string, asked: readonly string[]): Promise<readonly string[] | null>;
  /** Keeps the memberships fresh until it is stopped. Twice is once. */
  start(): void;
  stop(): void;
}

export interface MembershipsDeps {
  /** What there is to be in, as it is named now. */
  named: () => readonly string[];
  /** Ids of the users in one of them. Throws when Slack does not say. */
  ask: (name: string) => Promise<readonly string[]>;
  /** Told when no answer that counts is left, and when there is one again. */
  part: HealthPart;
  health: Pick<SlackHealth, 'report'>;
  clock: Clock;
  log: Logger;
}

/** The same for people with the workspace they are of: those of another one are in nothing of ours. */
export interface TeamMemberships {
  of(team: string | null, user: string): Promise<readonly string[]>;
  stillIn(team: string | null, user: string, asked: readonly string[]): Promise<readonly string[] | null>;
  start(): void;
  stop(): void;
}

export interface TeamMembershipsDeps {
  web: WebApi;
  self: () => SlackSelf;
  /** What the file names now, of other kinds, workspaces and platforms too. */
  named: () => readonly string[];
  health: Pick<SlackHealth, 'report'>;
  clock: Clock;
  log: Logger;
}

export function forOurTeam(members: Memberships, self: () => SlackSelf): TeamMemberships {
  return {
    of: async (team, user) => (team === self().teamId ? members.of(user) : []),
    stillIn: async (team, user, asked) => (team === self().teamId ? members.stillIn(user, asked) : []),
    start: () => members.start(),
    stop: () => members.stop(),
  };
}

export function createMemberships({ named, ask, part, health, clock, log }: MembershipsDeps): Memberships {
  const known = new Map<string, { users: ReadonlySet<string>; askedAt: number }>();
  let refreshing: Promise<void> | null = null;
  let timer: Disposable | null = null;

  const ageOf = (name: string) => clock.monotonic() - (known.get(name)?.askedAt ?? Number.NEGATIVE_INFINITY);

  async function refresh(): Promise<void> {
    let problem: string | null = null;
    for (const name of named().filter((each) => ageOf(each) >= FRESH_MS)) {
      const askedAt = clock.monotonic();
      try {
        known.set(name, { users: new Set(await ask(name)), askedAt });
      } catch (error) {
        const { message, hint } = toAppError(error);
        log.warn({ name, reason: message }, 'members are not known');
        if (ageOf(name) >= STALE_MS) problem = `${name}: ${message}${hint === undefined ? '' : ` (${hint})`}`;
      }
    }
    for (const name of known.keys()) if (!named().includes(name)) known.delete(name);
    if (problem === null) health.report(part, 'up');
    else health.report(part, 'degraded', `members of ${problem}: the roles by it are not given`);
  }

  function refreshOnce(): Promise<void> {
    refreshing ??= refresh().finally(() => {
      refreshing = null;
    });
    return refreshing;
  }

  function keepFresh(): void {
    timer = clock.after(FRESH_MS, keepFresh);
    void refreshOnce();
  }

  return {
    async of(user) {
      const names = named();
      if (names.some((name) => ageOf(name) >= FRESH_MS)) {
        const asked = refreshOnce();
        // Who has an answer that still counts waits for no better one.
        if (names.some((name) => ageOf(name) >= STALE_MS)) {
          const late = Promise.withResolvers<void>();
          using _limit = clock.after(FIRST_WAIT_MS, late.resolve);
          await Promise.race([asked, late.promise]);
        }
      }
      return names.filter((name) => ageOf(name) < STALE_MS && known.get(name)?.users.has(user) === true);
    },
    async stillIn(user, asked) {
      const names = named().filter((name) => asked.includes(name));
      const isFresh = () => names.every((name) => ageOf(name) < FRESH_MS);
      if (!isFresh()) await refreshOnce();
      return isFresh() ? names.filter((name) => known.get(name)?.users.has(user) === true) : null;
    },
    start() {
      if (timer === null) keepFresh();
    },
    stop() {
      timer?.[Symbol.dispose]();
      timer = null;
    },
  };
}
