/** What goes wrong on demand. */
import type { SlackFault, SlackFaults } from './types.ts';

export interface FaultBox extends SlackFaults {
  /** The fault that this call meets, if any. */
  take(method: string): SlackFault | null;
}

export function createFaults(): FaultBox {
  const once = new Map<string, SlackFault[]>();
  const lasting = new Map<string, SlackFault>();
  return {
    next(method, fault, times = 1) {
      const queue = once.get(method) ?? [];
      queue.push(...Array.from({ length: times }, () => fault));
      once.set(method, queue);
    },
    always: (method, fault) => void lasting.set(method, fault),
    clear() {
      once.clear();
      lasting.clear();
    },
    take: (method) =>
      once.get(method)?.shift() ?? once.get('*')?.shift() ?? lasting.get(method) ?? lasting.get('*') ?? null,
  };
}
