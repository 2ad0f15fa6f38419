import type { DeliveryRecord } from '../../model/delivery.ts';
import { threadKey } from '../../model/thread.ts';

/**
 * What may be sent, best first: in a thread only the oldest unposted card may be posted, and it is as urgent as the most urgent
 * card that waits behind it. Edits of posted cards stand for themselves.
 */
export function inOrder(due: readonly DeliveryRecord[]): DeliveryRecord[] {
  const heads = new Map<string, { delivery: DeliveryRecord; priority: number }>();
  const edits: { delivery: DeliveryRecord; priority: number }[] = [];
  for (const delivery of due) {
    if (delivery.message !== null) {
      edits.push({ delivery, priority: delivery.priority });
      continue;
    }
    const thread = threadKey(delivery.thread);
    const head = heads.get(thread);
    if (head === undefined) heads.set(thread, { delivery, priority: delivery.priority });
    else {
      head.priority = Math.min(head.priority, delivery.priority);
      if (isBefore(delivery, head.delivery)) head.delivery = delivery;
    }
  }
  return [...heads.values(), ...edits]
    .toSorted((a, b) => a.priority - b.priority || (isBefore(a.delivery, b.delivery) ? -1 : 1))
    .map(({ delivery }) => delivery);
}

function isBefore(a: DeliveryRecord, b: DeliveryRecord): boolean {
  if (a.firstSeq !== b.firstSeq) return a.firstSeq < b.firstSeq;
  return a.key < b.key;
}
