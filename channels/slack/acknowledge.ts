import type { Accepted, Reply } from '../../src/conversation/channel.ts';
import { toAppError } from '../../src/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { NOT_TAKEN, SLOW } from '../shared/notices.ts';

/** Slack waits three seconds; what the way there and back takes is not known. */
export const ACK_WITHIN_MS = 2500;

/** One request on its way into the inbox. */
export interface Incoming {
  /** Tells Slack that we have it. */
  ack: () => Promise<void>;
  reply: Reply;
  /** Resolves when the request is on disk; null when it ends here, answered already. */
  send: () => Promise<Accepted | null>;
  /** What it caused has settled. */
  onSettled?: () => void;
}

/**
 * Acknowledges as soon as the request is on disk, and in time whatever the store does: then the person is told that it is not saved
 * yet. Never throws; resolves when it is acknowledged.
 */
export async function takeIn(incoming: Incoming, deps: { clock: Clock; log: Logger }): Promise<void> {
  const { clock, log } = deps;
  const { reply } = incoming;
  const late = Promise.withResolvers<'late'>();
  using _limit = clock.after(ACK_WITHIN_MS, () => late.resolve('late'));
  const sent = send();
  const first = await Promise.race([sent, late.promise]);
  try {
    await incoming.ack();
  } catch (error) {
    // Slack sends it again, and the inbox recognises it.
    log.warn({ reason: toAppError(error).message }, 'an acknowledgement did not reach Slack');
  }
  if (first === 'late') void tell(SLOW);

  async function send(): Promise<void> {
    try {
      const accepted = await incoming.send();
      const { onSettled } = incoming;
      if (accepted !== null && onSettled !== undefined) void accepted.settled.then(onSettled);
    } catch (thrown) {
      const error = toAppError(thrown);
      log.error({ err: error.cause ?? error }, 'a request could not be taken');
      await tell(NOT_TAKEN);
    }
  }

  async function tell(card: typeof SLOW): Promise<void> {
    try {
      await reply.private(card);
    } catch (error) {
      log.warn({ reason: toAppError(error).message }, 'an answer could not be given');
    }
  }
}
