import { Routes } from 'discord.js';
import { z } from 'zod';
import type { Card } from '../../src/conversation/card.ts';
import { toAppError } from '../../src/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import type { MessageRef, ThreadRef } from '../../src/model/thread.ts';
import { discordCodeOf } from './errors.ts';
import { threadName } from './render/thread-name.ts';
import type { RestApi } from './rest-api.ts';

const ALREADY_THERE = 160_004;
/** A week: the longest that Discord has. */
const ARCHIVE_AFTER_MINUTES = 10_080;
/** Discord takes two new names of a thread in ten minutes, and says so only when it refuses the third. */
const RENAMES = 2;
const RENAME_WINDOW_MS = 10 * 60_000 + 5000;
/** States follow each other quickly at first; the last of them is worth a name. */
const SETTLE_MS = 2000;
const MAX_REMEMBERED = 1000;

const threadSchema = z.object({
  id: z.string().min(1),
  name: z.string().nullish(),
  thread_metadata: z.object({ archived: z.boolean() }).optional(),
});

/** Threads under cards. */
export interface Threads {
  /** A thread on a message is named by its id: a second call finds the first one's. */
  open(ref: MessageRef, card: Card): Promise<ThreadRef>;
  /** Names the thread on a message as its card now says, as soon as Discord lets it. Never throws. */
  rename(ref: MessageRef, card: Card): void;
  stop(): void;
}

interface Named {
  /** As Discord has it; null before it was asked. */
  shown: string | null;
  wanted: string;
  renamedAt: number[];
  timer: Disposable | null;
}

export function createThreads(deps: { rest: RestApi; clock: Clock; log: Logger }): Threads {
  const { rest, clock, log } = deps;
  const names = new Map<string, Named>();
  let stopped = false;

  function remember(thread: string, named: Named): Named {
    names.delete(thread);
    names.set(thread, named);
    const [oldest] = names.keys();
    if (names.size > MAX_REMEMBERED && oldest !== undefined) forget(oldest);
    return named;
  }

  function forget(thread: string): void {
    names.get(thread)?.timer?.[Symbol.dispose]();
    names.delete(thread);
  }

  function schedule(thread: string, named: Named, delayMs: number): void {
    if (stopped || named.timer !== null) return;
    named.timer = clock.after(delayMs, () => {
      named.timer = null;
      void settle(thread, named);
    });
  }

  /** How long until Discord takes another name. */
  function waitMs({ renamedAt }: Named): number {
    const [oldest] = renamedAt.slice(-RENAMES);
    if (oldest === undefined || renamedAt.length < RENAMES) return 0;
    return Math.max(0, oldest + RENAME_WINDOW_MS - clock.monotonic());
  }

  async function settle(thread: string, named: Named): Promise<void> {
    try {
      const archived = named.shown === null ? await look(thread, named) : false;
      if (named.shown === named.wanted || stopped) return;
      const left = waitMs(named);
      if (left > 0) return schedule(thread, named, left);
      const { wanted: name } = named;
      named.renamedAt = [...named.renamedAt.slice(1 - RENAMES), clock.monotonic()];
      const body = archived ? { name, archived: false } : { name };
      await rest.call({ method: 'PATCH', route: Routes.channel(thread), body }, threadSchema);
      named.shown = name;
      if (named.wanted !== name) schedule(thread, named, SETTLE_MS);
    } catch (thrown) {
      const error = toAppError(thrown);
      const { retryAfterMs } = error.context;
      if (typeof retryAfterMs === 'number') return schedule(thread, named, retryAfterMs);
      // Deleted, archived or not permitted: the card says the same, and the next change asks anew.
      log.info({ thread, reason: error.message }, 'a thread was not renamed');
      forget(thread);
    }
  }

  async function look(thread: string, named: Named): Promise<boolean> {
    const found = await rest.call({ method: 'GET', route: Routes.channel(thread) }, threadSchema);
    named.shown = found.name ?? '';
    return found.thread_metadata?.archived === true;
  }

  return {
    async open({ thread: ref, messageId }, card) {
      // There are no threads in threads.
      if (ref.thread !== null) return ref;
      const name = threadName(card);
      try {
        const { id } = await rest.call(
          {
            method: 'POST',
            route: Routes.threads(ref.room, messageId),
            body: { name, auto_archive_duration: ARCHIVE_AFTER_MINUTES },
          },
          threadSchema,
        );
        remember(id, { shown: name, wanted: name, renamedAt: [], timer: null });
        return { ...ref, thread: id };
      } catch (error) {
        if (discordCodeOf(error) === ALREADY_THERE) return { ...ref, thread: messageId };
        throw error;
      }
    },
    rename({ thread: ref, messageId }, card) {
      // A state that passes by itself would use up a name that the one after it needs.
      if (ref.thread !== null || stopped || card.state?.tone === 'progress') return;
      const wanted = threadName(card);
      const known = names.get(messageId);
      const named = remember(messageId, known ?? { shown: null, wanted, renamedAt: [], timer: null });
      named.wanted = wanted;
      if (named.shown !== wanted) schedule(messageId, named, SETTLE_MS);
    },
    stop() {
      stopped = true;
      for (const thread of names.keys()) forget(thread);
    },
  };
}
