import { z } from 'zod';

const text = z.string();

/** A component as a client sends it; what the rules judge is typed, the rest is kept. */
export const partSchema = z.looseObject({
  type: z.number(),
  id: z.number().optional(),
  custom_id: text.optional(),
  label: text.optional(),
  description: text.nullish(),
  content: text.optional(),
  style: z.number().optional(),
  url: text.optional(),
  disabled: z.boolean().optional(),
  placeholder: text.nullish(),
  required: z.boolean().optional(),
  value: text.nullish(),
  min_length: z.number().nullish(),
  max_length: z.number().nullish(),
  min_values: z.number().optional(),
  max_values: z.number().optional(),
  emoji: z.unknown().optional(),
  options: z
    .array(
      z.looseObject({
        label: text,
        value: text,
        description: text.nullish(),
        default: z.boolean().optional(),
      }),
    )
    .optional(),
  items: z.array(z.unknown()).optional(),
  get components() {
    return z.array(partSchema).optional();
  },
  get component() {
    return partSchema.optional();
  },
  get accessory() {
    return partSchema.optional();
  },
});
export type Part = z.infer<typeof partSchema>;

export const embedSchema = z.looseObject({
  title: text.nullish(),
  description: text.nullish(),
  fields: z.array(z.looseObject({ name: text, value: text, inline: z.boolean().optional() })).nullish(),
  footer: z.looseObject({ text }).nullish(),
  author: z.looseObject({ name: text }).nullish(),
});
export type Embed = z.infer<typeof embedSchema>;

const mentionsSchema = z.looseObject({
  parse: z.array(text).optional(),
  users: z.array(text).optional(),
  roles: z.array(text).optional(),
});

export const messageSchema = z.looseObject({
  content: text.nullish(),
  nonce: z.union([text, z.number()]).optional(),
  enforce_nonce: z.boolean().optional(),
  embeds: z.array(embedSchema).nullish(),
  components: z.array(partSchema).nullish(),
  allowed_mentions: mentionsSchema.nullish(),
  flags: z.number().nullish(),
  message_reference: z.looseObject({ message_id: text }).nullish(),
  attachments: z
    .array(
      z.looseObject({
        id: z.union([text, z.number()]),
        filename: text.optional(),
        description: text.nullish(),
      }),
    )
    .nullish(),
  poll: z.unknown().optional(),
  sticker_ids: z.array(text).nullish(),
});
export type MessageBody = z.infer<typeof messageSchema>;

export const modalSchema = z.looseObject({
  custom_id: text,
  title: text,
  components: z.array(partSchema),
});
export type ModalBody = z.infer<typeof modalSchema>;

export const choicesSchema = z.looseObject({
  choices: z.array(z.looseObject({ name: text, value: z.union([text, z.number()]) })),
});

export const callbackSchema = z.looseObject({ type: z.number(), data: z.unknown().optional() });

export const optionSchema = z.looseObject({
  type: z.number(),
  name: text,
  description: text,
  required: z.boolean().optional(),
  autocomplete: z.boolean().optional(),
  choices: z.array(z.looseObject({ name: text, value: z.union([text, z.number()]) })).optional(),
  min_length: z.number().optional(),
  max_length: z.number().optional(),
  min_value: z.number().optional(),
  max_value: z.number().optional(),
  get options() {
    return z.array(optionSchema).optional();
  },
});
export type CommandOption = z.infer<typeof optionSchema>;

export const commandSchema = z.looseObject({
  name: text,
  description: text.optional(),
  type: z.number().optional(),
  options: z.array(optionSchema).nullish(),
  default_member_permissions: text.nullish(),
});
export type CommandBody = z.infer<typeof commandSchema>;

export const threadSchema = z.looseObject({
  name: text,
  type: z.number().optional(),
  auto_archive_duration: z.number().nullish(),
});

export const channelPatchSchema = z.looseObject({
  name: text.optional(),
  archived: z.boolean().optional(),
  locked: z.boolean().optional(),
  auto_archive_duration: z.number().optional(),
});

export const identifySchema = z.looseObject({
  token: text,
  intents: z.number(),
  properties: z.looseObject({}),
});

export const resumeSchema = z.looseObject({ token: text, session_id: text, seq: z.number().nullable() });

export const gatewaySendSchema = z.looseObject({ op: z.number(), d: z.unknown().optional() });
