import type { Accepted } from '../../src/conversation/channel.ts';
import { toAppError } from '../../src/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { NOT_TAKEN, SLOW } from '../shared/notices.ts';
import type { Exchange, FirstAnswer } from './replies.ts';

/** Discord waits three seconds for the first answer; what the way there and back takes is not known. */
export const FORM_WITHIN_MS = 2000;
/** Who sees "thinking" is told when the store does not answer. */
export const SAVED_WITHIN_MS = 2500;
/** Its cards are on their way by then; "thinking" would only stand between them. */
export const THINKING_MS = 2000;

/** One request on its way into the inbox. */
export interface Incoming {
  exchange: Exchange;
  first: FirstAnswer;
  /** Resolves when the request is on disk; null when it ends here, answered already. */
  send: () => Promise<Accepted | null>;
}

/**
 * Gives the first answer at once, so that it is in time whatever the store does; where a form may be the first answer, the request
 * goes first and the answer follows what comes of it, in time too. A request whose first answer Discord did not take is not worked on: its asker was
 * told that it failed, and asks again. Never throws; resolves when all is answered.
 */
export async function takeIn(incoming: Incoming, deps: { clock: Clock; log: Logger }): Promise<void> {
  const { exchange, first } = incoming;
  const { clock, log } = deps;
  using _answer =
    first === 'form' ? clock.after(FORM_WITHIN_MS, () => void exchange.acknowledge()) : NOTHING_DUE;
  if (first !== 'form' && !(await exchange.acknowledge())) return;
  const accepted = await send();
  if (accepted !== null) {
    const enough = Promise.withResolvers<void>();
    using _enough = first === 'public' ? clock.after(THINKING_MS, enough.resolve) : NOTHING_DUE;
    await Promise.race([accepted.settled, enough.promise]);
  }
  await exchange.finish();

  async function send(): Promise<Accepted | null> {
    using _late = clock.after(SAVED_WITHIN_MS, () => void tell(SLOW));
    try {
      return await incoming.send();
    } catch (thrown) {
      const error = toAppError(thrown);
      log.error({ err: error.cause ?? error }, 'a request could not be taken');
      await tell(NOT_TAKEN);
      return null;
    }
  }

  async function tell(card: typeof SLOW): Promise<void> {
    try {
      await exchange.reply.private(card);
    } catch (error) {
      log.warn({ reason: toAppError(error).message }, 'an answer could not be given');
    }
  }
}

const NOTHING_DUE: Disposable = { [Symbol.dispose]() {} };
