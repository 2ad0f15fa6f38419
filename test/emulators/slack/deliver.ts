/** Handing a request to the app, and waiting for its answer at most 3 s. */
import { LIFETIMES } from './limits.ts';
import type { RedeliverOptions, SlackDelivery, SlackRequest } from './types.ts';
import type { World } from './world.ts';

/** One way to the app. */
export type Deliver = (request: SlackRequest, options: RedeliverOptions) => Promise<SlackDelivery>;

type Outcome = Pick<SlackDelivery, 'acked' | 'body' | 'status'>;

/** Runs `send`, which settles the delivery once; nobody settles in time: not acknowledged. */
export function awaitAck(
  world: World,
  request: SlackRequest,
  send: (settle: (outcome: Outcome) => void) => void,
  /** Says whether the app is to blame. */
  onTimeout: () => boolean,
): Promise<SlackDelivery> {
  const startedAt = performance.now();
  const startedOnClock = world.clock.monotonic();
  return new Promise((resolve) => {
    const settle = (outcome: Outcome) => {
      clearTimeout(timer);
      onClock[Symbol.dispose]();
      const ackMs = Math.max(performance.now() - startedAt, world.clock.monotonic() - startedOnClock);
      resolve({ ...outcome, ackMs, request });
    };
    const expire = () => {
      if (onTimeout()) world.broke('ack', `${request.type} was not acknowledged within 3 s`);
      settle({ acked: false, body: null, status: null });
    };
    // By the wall as well: a clock that stands must not make a test wait for ever.
    const timer = setTimeout(expire, LIFETIMES.ackMs);
    const onClock = world.clock.after(LIFETIMES.ackMs, expire);
    send(settle);
  });
}
