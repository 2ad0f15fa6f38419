/** What Slack sends, as far as it is used; whatever else is in it passes. */
import { z } from 'zod';

const id = z.string().min(1).max(255);
const optionalId = id.nullish().catch(undefined);
const optionalText = z.string().nullish().catch(undefined);

export const slashCommandSchema = z.object({
  command: z.string(),
  text: z.string().default(''),
  team_id: id,
  user_id: id,
  user_name: optionalText,
  channel_id: id,
  channel_name: optionalText,
  response_url: optionalText,
  trigger_id: id,
});
export type SlashCommand = z.output<typeof slashCommandSchema>;

/** Who pressed or submitted: `team_id` is the person's own workspace. */
const actingUser = z.object({ id, team_id: optionalId, name: optionalText, username: optionalText });
export type ActingUser = z.output<typeof actingUser>;

export const blockActionsSchema = z.object({
  type: z.literal('block_actions'),
  user: actingUser,
  trigger_id: id,
  response_url: optionalText,
  channel: z.object({ id }).nullish(),
  container: z
    .object({
      message_ts: optionalId,
      channel_id: optionalId,
      thread_ts: optionalId,
      is_ephemeral: z.boolean().nullish(),
    })
    .nullish(),
  message: z.object({ ts: id, thread_ts: optionalId }).nullish(),
  view: z.object({ id, type: z.string(), private_metadata: z.string().default('') }).nullish(),
  actions: z.array(z.looseObject({ action_id: z.string() })).min(1),
});
export type BlockActions = z.output<typeof blockActionsSchema>;

export const viewSubmissionSchema = z.object({
  type: z.literal('view_submission'),
  user: actingUser,
  trigger_id: optionalId,
  view: z.object({
    id,
    callback_id: z.string(),
    private_metadata: z.string().default(''),
    state: z.object({ values: z.record(z.string(), z.unknown()) }).nullish(),
  }),
});
export type ViewSubmission = z.output<typeof viewSubmissionSchema>;

/** `user_team`, `source_team` and `team` name the workspace of the one who wrote; which of them is there varies. */
export const mentionSchema = z.object({
  team_id: optionalId,
  event_id: id,
  is_ext_shared_channel: z.boolean().nullish(),
  event: z.object({
    user: optionalId,
    text: z.string().default(''),
    channel: id,
    thread_ts: optionalId,
    team: optionalId,
    user_team: optionalId,
    source_team: optionalId,
    user_profile: z.object({ team: optionalId, display_name: optionalText, name: optionalText }).nullish(),
    bot_id: optionalId,
    subtype: optionalText,
    edited: z.unknown().optional(),
  }),
});
export type Mention = z.output<typeof mentionSchema>;

export const homeOpenedSchema = z.object({
  team_id: optionalId,
  event: z.object({ user: id, tab: optionalText }),
});
