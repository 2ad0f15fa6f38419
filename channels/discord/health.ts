import type { Clock } from '../../src/lib/clock.ts';
import { createHealthParts, type HealthParts } from '../shared/health-parts.ts';

/** The health of the channel, put together from the gateway, the bot token and the registered commands. */
export type DiscordHealth = HealthParts<'connection' | 'token' | 'commands'>;

export function createDiscordHealth(clock: Pick<Clock, 'now'>): DiscordHealth {
  return createHealthParts(clock, 'connection');
}
