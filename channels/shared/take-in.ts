import type { Accepted, Patience, Reply } from '../../src/conversation/channel.ts';
import { toAppError } from '../../src/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { NOT_TAKEN } from './notices.ts';

/** One request on its way into the inbox. */
export interface Coming {
  reply: Pick<Reply, 'private'>;
  /** Resolves when the request is on disk or void; null when it ends here, answered already. */
  send: (limits: Patience) => Promise<Accepted | null>;
  /** Tells the platform that we have it; `ended` is false when it is not known yet whether it is on disk. */
  acknowledge: (ended: boolean) => Promise<void>;
  /** For so long the store is waited for; milliseconds. */
  patienceMs: number;
  /** The platform waits no longer than that; milliseconds. */
  withinMs: number;
}

/**
 * Acknowledges as soon as a request is on disk, so that nothing is lost that somebody saw accepted, and in time whatever the store does:
 * the inbox tells the person what has become of it. Never throws; resolves when it is acknowledged. `accepted` is null for what was not
 * taken.
 */
export async function takeIn(
  { reply, send, acknowledge, patienceMs, withinMs }: Coming,
  { clock, log }: { clock: Clock; log: Logger },
): Promise<{ accepted: Promise<Accepted | null> }> {
  const patience = new AbortController();
  const late = Promise.withResolvers<'late'>();
  const impatient = clock.after(patienceMs, () => patience.abort());
  using _limit = clock.after(withinMs, () => late.resolve('late'));
  const accepted = save().finally(() => impatient[Symbol.dispose]());
  const first = await Promise.race([accepted, late.promise]);
  try {
    await acknowledge(first !== 'late');
  } catch (error) {
    // A platform that sends it again meets an inbox that recognises it.
    log.warn({ reason: toAppError(error).message }, 'an acknowledgement did not arrive');
  }
  return { accepted };

  async function save(): Promise<Accepted | null> {
    try {
      return await send({ patience: patience.signal });
    } catch (thrown) {
      const error = toAppError(thrown);
      log.error({ err: error.cause ?? error }, 'a request could not be taken');
      await notTaken();
      return null;
    }
  }

  async function notTaken(): Promise<void> {
    try {
      await reply.private(NOT_TAKEN);
    } catch (error) {
      log.warn({ reason: toAppError(error).message }, 'an answer could not be given');
    }
  }
}
