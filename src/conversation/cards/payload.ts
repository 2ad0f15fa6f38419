import { z } from 'zod';

/** What a card reads of an action's payload; the bytes themselves stay as they are. */
const payloadSchema = z.object({
  params: z
    .object({
      command: z.string().optional().catch(undefined),
      timeoutMs: z.number().optional().catch(undefined),
      timeToLiveMs: z.number().optional().catch(undefined),
      force: z.boolean().optional().catch(undefined),
      name: z.string().optional().catch(undefined),
      skillId: z.string().nullish().catch(undefined),
      agents: z.array(z.string()).optional().catch(undefined),
    })
    .catch({}),
  image: z.object({ name: z.string(), digest: z.string() }).nullish().catch(null),
  sandboxType: z.string().nullish().catch(null),
  limits: z
    .object({
      cpuCores: z.number(),
      memoryMb: z.number(),
      diskMb: z.number(),
      networkEnabled: z.boolean(),
      maxProcesses: z.number(),
    })
    .nullish()
    .catch(null),
});
export type PayloadView = z.output<typeof payloadSchema>;

/** Payloads are written by the orchestrator; a card is still drawn of one that an older version wrote. */
export function readPayload(payload: string): PayloadView {
  let value: unknown = null;
  try {
    value = JSON.parse(payload);
  } catch {
    // Not JSON: the card shows the raw bytes and no details.
  }
  const parsed = payloadSchema.safeParse(value);
  return parsed.success ? parsed.data : { params: {} };
}
