import type { ROUTES } from './routes/table.ts';
import type { Faults } from './types.ts';

/** `POST /channels/:channel/messages` and so on: method and template of an endpoint. */
export type RouteName = (typeof ROUTES)[number];

export type RestFault =
  | { kind: 'error'; status: number; code?: number; message?: string }
  /** `global` stops the whole bot, else the route. */
  | { kind: 'rate-limit'; retryAfterMs: number; global?: boolean }
  /** Never answers; `landed` tells whether the work was done. */
  | { kind: 'hang'; landed: boolean }
  /** Cuts the connection before or after the work was done. */
  | { kind: 'drop'; landed: boolean }
  /** Answers when `until` resolves. */
  | { kind: 'hold'; until: Promise<unknown> };

export interface FaultQueue extends Faults {
  /** The fault that this request meets, taken off the queue. */
  take(route: string): RestFault | undefined;
}

export function createFaultQueue(): FaultQueue {
  let queue: { route: string; fault: RestFault; left: number }[] = [];
  return {
    rest(route, fault, times = 1) {
      queue.push({ route, fault, left: times });
    },
    clear() {
      queue = [];
    },
    take(route) {
      const found = queue.find((entry) => entry.route === '*' || entry.route === route);
      if (found === undefined) return undefined;
      found.left -= 1;
      if (found.left <= 0) queue = queue.filter((entry) => entry !== found);
      return found.fault;
    },
  };
}
