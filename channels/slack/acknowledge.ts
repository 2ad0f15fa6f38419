import type { Accepted, Patience, Reply } from '../../src/conversation/channel.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { takeIn as saveFirst } from '../shared/take-in.ts';

/** Slack waits three seconds; what the way there and back takes is not known. */
export const ACK_WITHIN_MS = 2500;

/** One request on its way into the inbox. */
export interface Incoming {
  /** Tells Slack that we have it. */
  ack: () => Promise<void>;
  reply: Reply;
  /** Resolves when the request is on disk or void; null when it ends here, answered already. */
  send: (limits: Patience) => Promise<Accepted | null>;
  /** What it caused has settled. */
  onSettled?: () => void;
}

/** Into the inbox, and acknowledged in time. Never throws; resolves when it is acknowledged. */
export async function takeIn(
  { ack, reply, send, onSettled }: Incoming,
  deps: { clock: Clock; log: Logger },
): Promise<void> {
  const limits = { patienceMs: ACK_WITHIN_MS, withinMs: ACK_WITHIN_MS };
  const { accepted } = await saveFirst({ reply, send, acknowledge: ack, ...limits }, deps);
  if (onSettled !== undefined) void accepted.then((taken) => taken?.settled.then(onSettled));
}
