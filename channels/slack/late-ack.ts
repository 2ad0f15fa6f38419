import { App, type ReceiverEvent } from '@slack/bolt';

/**
 * The library's app, but for its acknowledgements. It acknowledges an event before anybody has looked at it, so that a mention would
 * be lost when the process dies in between: here it is acknowledged when its listeners are done, which they are as soon as it is on
 * disk, and in time whatever happens. And what the library cannot read, or finds no listener for, is acknowledged too: it would be
 * the same the next time.
 */
export class LateAckApp extends App {
  override async processEvent(event: ReceiverEvent): Promise<void> {
    let acked = false;
    const ackOnce: ReceiverEvent['ack'] = async (response) => {
      if (acked) return;
      acked = true;
      await event.ack(response);
    };
    const isEvent = event.body['event'] !== undefined;
    try {
      await super.processEvent({ ...event, ack: isEvent ? async () => {} : ackOnce });
    } finally {
      await ackOnce();
    }
  }
}
