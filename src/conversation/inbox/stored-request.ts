import { z } from 'zod';
import type { InboxRecord } from '../../model/inbox.ts';
import { BUTTON_IDS } from '../card.ts';
import type { ButtonRequest, CommandRequest, FormRequest } from '../channel.ts';

/** A request as the inbox keeps it. */
export type StoredRequest =
  | ({ kind: 'command' } & CommandRequest)
  | ({ kind: 'button' } & ButtonRequest)
  | ({ kind: 'form' } & FormRequest);

const origin = {
  deliveryId: z.string(),
  principal: z.string(),
  displayName: z.string(),
  groups: z.array(z.string()),
  thread: z.object({
    channel: z.string(),
    space: z.string(),
    room: z.string(),
    thread: z.string().nullable(),
  }),
  persona: z.object({ id: z.string(), role: z.string() }).exactOptional(),
};
const pressed = {
  ...origin,
  button: z.enum(BUTTON_IDS),
  subject: z.string(),
  hash: z.string().nullable(),
  sure: z.boolean().exactOptional(),
};
const storedRequestSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('command'),
    ...origin,
    text: z.string(),
    via: z.enum(['command', 'mention']).exactOptional(),
  }),
  z.object({ kind: z.literal('button'), ...pressed }),
  z.object({
    kind: z.literal('form'),
    ...pressed,
    values: z.object({
      reason: z.string().exactOptional(),
      hash: z.string().exactOptional(),
      command: z.string().exactOptional(),
      note: z.string().exactOptional(),
      name: z.string().exactOptional(),
      image: z.string().exactOptional(),
      network: z.string().exactOptional(),
    }),
  }),
]) satisfies z.ZodType<StoredRequest>;

/** What a row holds; only the fields that are used. Throws when it is not what this version writes. */
export function readStoredRequest(row: Pick<InboxRecord, 'request'>): StoredRequest {
  return storedRequestSchema.parse(JSON.parse(row.request));
}

/** What somebody asked, in a few words, for notices. */
export function requestInWords(request: StoredRequest): string {
  return request.kind === 'command' ? request.text : `${request.button} ${request.subject}`.trim();
}
