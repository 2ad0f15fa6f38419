import { z } from 'zod';

const schema = z.object({
  state: z.enum(['starting', 'up', 'degraded', 'down']),
  detail: z.string().nullable(),
  since: z.number(),
});

/** How a channel last said it stands with its platform, as the store keeps it: the health of the Channel port. */
export type ChannelHealthRecord = z.output<typeof schema>;

/** The setting that holds it as JSON. */
export function channelHealthSetting(channel: string): string {
  return `channel.health.${channel}`;
}

/** Null where nothing was written yet, or by another version. */
export function readChannelHealth(value: string | null): ChannelHealthRecord | null {
  if (value === null) return null;
  try {
    return schema.safeParse(JSON.parse(value)).data ?? null;
  } catch {
    return null;
  }
}
