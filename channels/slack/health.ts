import type { Clock } from '../../src/lib/clock.ts';
import { createHealthParts, type HealthParts } from '../shared/health-parts.ts';

/** What can ail on its own: the way in, the bot token, its scopes, the user groups and the rooms that give roles. */
export type HealthPart = 'connection' | 'token' | 'scopes' | 'groups' | 'rooms';

/** The health of the channel, put together from its parts. */
export type SlackHealth = HealthParts<HealthPart>;

export function createSlackHealth(clock: Pick<Clock, 'now'>): SlackHealth {
  return createHealthParts(clock, 'connection');
}
