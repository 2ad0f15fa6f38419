import { z } from 'zod';
import type { HomeRequest, Inbox } from '../../src/conversation/channel.ts';
import { toAppError } from '../../src/errors.ts';
import { sha256Hex } from '../../src/lib/canonical-json.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { renderHome } from './render/home.ts';
import type { WebApi } from './web-api.ts';

/** People whose page is kept up to date; who opens it again is among them again. */
const MAX_PAGES = 500;
/** A press is often followed by others: what they change is shown at once. */
const COALESCE_MS = 1000;
/** So long after it was opened somebody may still look at a page. */
const WATCHED_MS = 15 * 60_000;
/** What others do is shown on a page that is looked at within this time. */
const FOLLOW_MS = 30_000;
/** Of those: with them half of the 100 publications that Slack takes in a minute are left to what people do themselves. */
const MAX_WATCHED = 25;
const anyAnswer = z.unknown();

type Who = () => Promise<HomeRequest>;

interface Page {
  who: Who;
  openedAt: number;
  publishedAt: number;
  /** Of the view that Slack has; null before the first, and when it is not known. */
  hash: string | null;
}

/** The App Home of each person. */
export interface Home {
  /** The person looks at the page now; `who` is asked each time, for rights change. Never throws. */
  open(user: string, who: Who): Promise<void>;
  /** Something of this person's may have changed: their page follows soon, if it was ever opened. */
  touch(user: string): void;
  /** Something changed, whoever is concerned: pages that are looked at follow, each at most every 30 s, and where it shows. */
  stir(): void;
  stop(): void;
}

export function createHome(deps: { web: WebApi; inbox: Inbox; clock: Clock; log: Logger }): Home {
  const { web, inbox, clock, log } = deps;
  /** Who opened theirs last is the last. */
  const pages = new Map<string, Page>();
  const due = new Map<string, { at: number; timer: Disposable }>();
  const publishing = new Map<string, Promise<void>>();

  async function publish(user: string, page: Page, refresh: boolean): Promise<void> {
    try {
      const view = renderHome(await inbox.home({ ...(await page.who()), refresh }));
      const hash = sha256Hex(JSON.stringify(view));
      page.publishedAt = clock.monotonic();
      if (refresh && page.hash === hash) return;
      page.hash = null;
      await web.call('views.publish', { user_id: user, view }, anyAnswer);
      page.hash = hash;
    } catch (error) {
      log.warn({ reason: toAppError(error).message }, 'an app home was not published');
    }
  }

  /** One after the other, so that the newest state is the last one published. */
  function publishNext(user: string, page: Page, refresh: boolean): Promise<void> {
    const next = (publishing.get(user) ?? Promise.resolve()).then(() => publish(user, page, refresh));
    publishing.set(user, next);
    return next.finally(() => {
      if (publishing.get(user) === next) publishing.delete(user);
    });
  }

  /** Several reasons within the time are one refresh, at the earliest of their times. */
  function follow(user: string, delayMs: number): void {
    const at = clock.monotonic() + delayMs;
    const earlier = due.get(user);
    if (earlier !== undefined && earlier.at <= at) return;
    earlier?.timer[Symbol.dispose]();
    const timer = clock.after(delayMs, () => {
      due.delete(user);
      const page = pages.get(user);
      if (page !== undefined) void publishNext(user, page, true);
    });
    due.set(user, { at, timer });
  }

  return {
    open(user, who) {
      const page = { who, openedAt: clock.monotonic(), publishedAt: clock.monotonic(), hash: null };
      pages.delete(user);
      pages.set(user, page);
      const [oldest] = pages.keys();
      if (pages.size > MAX_PAGES && oldest !== undefined) pages.delete(oldest);
      return publishNext(user, page, false);
    },
    touch(user) {
      if (pages.has(user)) follow(user, COALESCE_MS);
    },
    stir() {
      const now = clock.monotonic();
      for (const [user, page] of [...pages].slice(-MAX_WATCHED)) {
        if (page.openedAt + WATCHED_MS < now) continue;
        follow(user, Math.max(COALESCE_MS, page.publishedAt + FOLLOW_MS - now));
      }
    },
    stop() {
      pages.clear();
      for (const { timer } of due.values()) timer[Symbol.dispose]();
      due.clear();
    },
  };
}
