import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { SLACK_SCOPES } from '../../../../channels/slack/scopes.ts';
import { environmentSchema } from '../../../../src/config/schema.ts';

/** Strict, so that a member that Slack would refuse or ignore is found here. The lengths are Slack's. */
const manifestSchema = z.strictObject({
  _metadata: z.strictObject({ major_version: z.literal(1), minor_version: z.literal(1) }),
  display_information: z.strictObject({
    name: z.string().min(1).max(35),
    description: z.string().max(140),
    background_color: z.string().regex(/^#[0-9a-f]{6}$/),
  }),
  features: z.strictObject({
    bot_user: z.strictObject({ display_name: z.string().max(80), always_online: z.literal(false) }),
    app_home: z.strictObject({
      home_tab_enabled: z.literal(true),
      messages_tab_enabled: z.literal(true),
      messages_tab_read_only_enabled: z.literal(true),
    }),
    slash_commands: z
      .array(
        z.strictObject({
          command: z.string(),
          description: z.string().max(2000),
          usage_hint: z.string().max(1000),
          should_escape: z.literal(false),
        }),
      )
      .length(1),
  }),
  oauth_config: z.strictObject({ scopes: z.strictObject({ bot: z.array(z.string()) }) }),
  settings: z.strictObject({
    interactivity: z.strictObject({ is_enabled: z.literal(true) }),
    event_subscriptions: z.strictObject({ bot_events: z.array(z.string()) }),
    socket_mode_enabled: z.literal(true),
    org_deploy_enabled: z.literal(false),
    token_rotation_enabled: z.literal(false),
  }),
});

const text = await readFile(new URL('../../../../channels/slack/manifest.yaml', import.meta.url), 'utf8');
const document = parseDocument(text);

describe('the manifest', () => {
  test('is YAML that Slack takes', () => {
    expect(document.errors).toEqual([]);
    expect(manifestSchema.safeParse(document.toJS()).error).toBeUndefined();
  });

  test('asks for exactly the scopes that have a reason', () => {
    const { oauth_config } = manifestSchema.parse(document.toJS());

    expect(oauth_config.scopes.bot).toEqual(Object.keys(SLACK_SCOPES));
    expect(Object.values(SLACK_SCOPES).filter((reason) => reason.length < 10)).toEqual([]);
  });

  test('has a comment above every scope or the one before it', () => {
    const lines = text.split('\n');
    const scopes = lines.flatMap((line, at) =>
      /^ {6}- /.test(line) && /: *$|bot:/.test(line) === false ? [at] : [],
    );
    const bare = scopes.filter(
      (at) =>
        !/^ *#/.test(lines[at - 1] ?? '') &&
        !(/^ {6}- /.test(lines[at - 1] ?? '') && /^ *#/.test(lines[at - 2] ?? '')),
    );

    expect(bare.map((at) => lines[at]?.trim())).toEqual(['- app_mention', '- app_home_opened']);
  });

  test('names the command that is the default, and the events that are listened to', () => {
    const manifest = manifestSchema.parse(document.toJS());

    expect(manifest.features.slash_commands[0]?.command).toBe(
      environmentSchema.parse({}).AIRLOCK_SLACK_COMMAND,
    );
    expect(manifest.settings.event_subscriptions.bot_events).toEqual(['app_mention', 'app_home_opened']);
  });
});
