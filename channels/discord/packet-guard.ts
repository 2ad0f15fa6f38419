import type { Client } from 'discord.js';
import type { Logger } from '../../src/lib/logger.ts';

/** Of the library's own connection, which has no public place for it; a test notices when a new version names it otherwise. */
const HANDLER = 'handlePacket';

/**
 * The library, but for events that it cannot read. It lets what it throws on one of them end the process, as an unhandled rejection: a
 * field that Discord changes would take the whole bot down, and again after every restart. Here such an event is written down, by its name
 * only, and passed over.
 */
export function guardPackets(client: Client, log: Logger): void {
  const handle: unknown = Reflect.get(client.ws, HANDLER);
  if (typeof handle !== 'function') {
    log.warn({}, 'events of Discord that cannot be read may end the process');
    return;
  }
  const guarded = (...packet: unknown[]): unknown => {
    try {
      return Reflect.apply(handle, client.ws, packet);
    } catch (error) {
      const reason = error instanceof Error ? error.name : 'unknown';
      log.error({ event: nameOf(packet[0]), reason }, 'an event of Discord could not be read');
      return false;
    }
  };
  Reflect.set(client.ws, HANDLER, guarded);
}

function nameOf(packet: unknown): string {
  const name: unknown = typeof packet === 'object' && packet !== null && 't' in packet ? packet.t : null;
  return typeof name === 'string' ? name : 'unknown';
}
