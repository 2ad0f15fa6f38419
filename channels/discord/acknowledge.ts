import type { Accepted, Patience } from '../../src/conversation/channel.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { takeIn as saveFirst } from '../shared/take-in.ts';
import type { Exchange, FirstAnswer } from './replies.ts';

/** Its cards are on their way by then; "thinking" would only stand between them. */
export const THINKING_MS = 2000;
/** To put into words that a request is not saved. */
const INBOX_ANSWERS_MS = 250;

/** One request on its way into the inbox. */
export interface Incoming {
  exchange: Exchange;
  first: FirstAnswer;
  /** Resolves when the request is on disk or void; null when it ends here, answered already. */
  send: (limits: Patience) => Promise<Accepted | null>;
}

/**
 * Gives the first answer as soon as the request is on disk; where a form may be the first answer, what comes of the request is, as
 * long as there is time for that. When the store does not answer in time, the first answer says what has become of it. Never throws;
 * resolves when all is answered.
 */
export async function takeIn(incoming: Incoming, deps: { clock: Clock; log: Logger }): Promise<void> {
  const { exchange, first, send } = incoming;
  const { clock } = deps;
  const { accepted } = await saveFirst(
    {
      reply: exchange.reply,
      send,
      acknowledge: async (ended) => {
        if (!ended || first !== 'form') await exchange.acknowledge();
      },
      patienceMs: exchange.leftMs(),
      // What the inbox says then may be the first answer itself.
      withinMs: exchange.leftMs() + INBOX_ANSWERS_MS,
    },
    deps,
  );
  using _answer =
    first === 'form' ? clock.after(exchange.leftMs(), () => void exchange.acknowledge()) : NOTHING_DUE;
  const taken = await accepted;
  if (taken !== null) {
    const enough = Promise.withResolvers<void>();
    using _enough = first === 'public' ? clock.after(THINKING_MS, enough.resolve) : NOTHING_DUE;
    await Promise.race([taken.settled, enough.promise]);
  }
  await exchange.finish();
}

const NOTHING_DUE: Disposable = { [Symbol.dispose]() {} };
