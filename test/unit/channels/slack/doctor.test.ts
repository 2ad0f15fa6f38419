import { describe, expect, test } from 'vitest';
import { checkSlack } from '../../../../channels/slack/doctor.ts';
import { readSettings } from '../../../../channels/slack/settings.ts';
import { SLACK_SCOPES } from '../../../../channels/slack/scopes.ts';
import { withOverrides } from '../../../../src/config/load-config.ts';
import { type Environment, environmentSchema, policyFileSchema } from '../../../../src/config/schema.ts';
import type { SlackEmulatorOptions } from '../../../emulators/slack/slack-emulator.ts';
import { type SlackStage, slackStage } from '../../../fixtures/slack-app.ts';

const SCOPES = Object.keys(SLACK_SCOPES);

async function opened(options: SlackEmulatorOptions = {}) {
  return slackStage({ scopes: SCOPES, ...options });
}

async function allChecks(
  { slack, clock, channel }: SlackStage,
  variables: Partial<Record<keyof Environment, string>> = {},
  rooms: unknown = {},
) {
  const environment = environmentSchema.parse({
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    AIRLOCK_SLACK_CHANNEL: channel,
    AIRLOCK_SLACK_API_URL: slack.apiUrl,
    ...variables,
  });
  const policy = withOverrides(policyFileSchema.parse({ channels: { slack: rooms } }), environment);
  return checkSlack({ environment, rooms: policy.channels.slack, clock });
}

/** By what each check looks at. */
async function check(...parts: Parameters<typeof allChecks>) {
  return Object.fromEntries((await allChecks(...parts)).map((line) => [line.subject, line]));
}

describe('the doctor asks Slack', () => {
  test('and all is well: who the bot is, its scopes, its socket and its channel', async () => {
    await using stage = await opened();

    const found = await check(stage);

    expect(found).toMatchObject({
      'slack bot': { status: 'ok', detail: expect.stringContaining(stage.slack.botUser) },
      'slack scopes': { status: 'ok' },
      'slack socket mode': { status: 'ok' },
      'slack channel': { status: 'ok', detail: expect.stringContaining('#agents') },
      'slack command': { status: 'note', detail: expect.stringContaining('/agent') },
    });
    expect(stage.slack.connections).toBe(0);
  });

  test('and names each scope that is missing and what it is for', async () => {
    await using stage = await opened({ scopes: SCOPES.filter((scope) => scope !== 'files:write') });

    expect((await check(stage))['slack scopes']).toMatchObject({
      status: 'fail',
      detail: expect.stringMatching(/files:write \(.+\)/),
      fix: expect.stringContaining('manifest.yaml'),
    });
  });

  test('and names scopes that are wider than needed', async () => {
    await using stage = await opened({ scopes: [...SCOPES, 'chat:write.public'] });

    expect((await check(stage))['slack scopes']).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('chat:write.public'),
    });
  });

  test('and says which token is refused', async () => {
    await using stage = await opened();
    stage.slack.revoke('bot', 'account_inactive');
    stage.slack.revoke('app', 'invalid_auth');

    expect(await check(stage)).toMatchObject({
      'slack bot': { status: 'fail', detail: expect.stringContaining('account_inactive') },
      'slack socket mode': { status: 'fail', fix: expect.stringContaining('connections:write') },
    });
  });

  test('and says that the bot is not in its channel, that it is archived, or that there is none', async () => {
    await using stage = await opened();
    stage.slack.removeBot(stage.channel);
    const outside = await check(stage);
    const nowhere = await check(stage, { AIRLOCK_SLACK_CHANNEL: 'C0NOWHERE' });
    const old = stage.slack.addChannel({ name: 'old', members: [stage.ann], archived: true });
    const archived = await check(stage, { AIRLOCK_SLACK_CHANNEL: old.id });

    expect(outside['slack channel']).toMatchObject({
      status: 'fail',
      fix: expect.stringContaining('/invite'),
    });
    expect(nowhere['slack channel']).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('channel_not_found'),
    });
    expect(archived['slack channel']).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('archived'),
    });
  });

  test('and looks at each room that the file names, once, and says what happens there', async () => {
    await using stage = await opened();
    const approvals = stage.slack.addChannel({ name: 'approvals', members: [stage.ann] }).id;
    stage.slack.removeBot(approvals);

    const all = await allChecks(stage, {}, { notify: approvals, approvals });

    const rooms = all.filter(({ subject }) => subject === 'slack channel');
    expect(rooms).toMatchObject([
      { status: 'ok', detail: expect.stringMatching(/#agents .+, where operators ask$/) },
      {
        status: 'fail',
        detail: expect.stringMatching(
          /#approvals .+, where notices go and approvals of the other platform are shown$/,
        ),
        fix: expect.stringContaining('/invite'),
      },
    ]);
  });

  test('and says that it cannot be reached', async () => {
    await using stage = await opened();
    stage.slack.online(false);

    expect((await check(stage))['slack bot']).toMatchObject({ status: 'fail' });
  });
});

test.each([
  ['SLACK_APP_TOKEN', {}],
  ['SLACK_SIGNING_SECRET', { AIRLOCK_SLACK_PORT: 3000 }],
])('the channel cannot be made without %s, and says where it stands', (variable, more) => {
  const environment = { ...environmentSchema.parse({ SLACK_BOT_TOKEN: 'xoxb-1' }), ...more };

  expect(() => readSettings(environment)).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(variable),
      hint: expect.stringContaining('Basic Information'),
    }),
  );
});
