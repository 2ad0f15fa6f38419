/** What people can do, what they cannot, and how the platform tells it. */
import { describe, expect, test } from 'vitest';
import type { Json } from '../emulators/slack/slack-emulator.ts';
import { callSlack, type SlackStage, slackStage } from '../fixtures/slack-app.ts';

const go = (id: string): Json => ({ type: 'button', action_id: id, text: { type: 'plain_text', text: id } });
const BLOCKS = [{ type: 'actions', elements: [go('one'), go('two')] }];

async function card({ slack, channel }: SlackStage): Promise<string> {
  const { body } = await callSlack(slack, 'chat.postMessage', { channel, text: 'card', blocks: BLOCKS });
  return String(body['ts']);
}

const IMPOSSIBLE: readonly [what: string, act: (stage: SlackStage) => Promise<unknown>, why: string][] = [
  [
    'a slash command in a thread',
    ({ slack, ann, channel }) => slack.slash({ user: ann, channel, text: '', threadTs: '1.1' }),
    'no slash command in a thread',
  ],
  [
    'a command that is not registered',
    ({ slack, ann, channel }) => slack.slash({ user: ann, channel, text: '', command: '/other' }),
    'not a valid command',
  ],
  [
    'a command where one is not',
    ({ slack, channel }) => slack.slash({ user: slack.addUser({ name: 'eve' }).id, channel, text: '' }),
    'is not in',
  ],
  [
    'a command in an archived channel',
    ({ slack, ann, channel }) => {
      slack.archive(channel);
      return slack.slash({ user: ann, channel, text: '' });
    },
    'archived',
  ],
  [
    'a mention where the bot is not',
    ({ slack, ann, channel }) => {
      slack.removeBot(channel);
      return slack.mention({ user: ann, channel, text: 'x' });
    },
    'not in that channel',
  ],
  [
    'a button that is not there',
    async (stage) =>
      await stage.slack.press({
        user: stage.ann,
        channel: stage.channel,
        ts: await card(stage),
        actionId: 'six',
      }),
    'no button six',
  ],
  [
    'a submission where nothing is open',
    ({ slack, ann }) => slack.submit({ user: ann, values: {} }),
    'has no view',
  ],
];

describe('people', () => {
  test.each(IMPOSSIBLE)('cannot do %s', async (_, act, why) => {
    await using stage = await slackStage();

    await expect(async () => await act(stage)).rejects.toThrow(why);
  });

  test('press a button of a message, as the payload says', async () => {
    await using stage = await slackStage();
    const { slack, ann, channel } = stage;
    const ts = await card(stage);

    const { request } = await slack.press({ user: ann, channel, ts, actionId: 'two' });

    expect(request.payload).toMatchObject({
      type: 'block_actions',
      user: { id: ann, username: 'ann', team_id: slack.team },
      team: { id: slack.team },
      api_app_id: slack.appId,
      container: { type: 'message', message_ts: ts, channel_id: channel, is_ephemeral: false },
      channel: { id: channel },
      message: { ts, user: slack.botUser, blocks: [{ type: 'actions' }] },
      actions: [{ type: 'button', action_id: 'two', block_id: expect.any(String) }],
      response_url: expect.stringContaining('http'),
      trigger_id: expect.any(String),
    });
  });

  test('press a button that the message no longer has', async () => {
    await using stage = await slackStage();
    const { slack, ann, channel } = stage;
    const ts = await card(stage);
    const before = structuredClone(slack.messages(channel)[0]);
    if (before === undefined) throw new Error('no message');
    await callSlack(slack, 'chat.update', { channel, ts, text: 'decided', blocks: [{ type: 'divider' }] });

    const input = { user: ann, channel, ts, actionId: 'one' };
    await expect(slack.press(input)).rejects.toThrow('no button');
    const { request } = await slack.pressStale(input, before);

    expect(request.payload['actions']).toMatchObject([{ action_id: 'one' }]);
  });

  test('mention the bot in a thread', async () => {
    await using stage = await slackStage();
    const { slack, ann, channel } = stage;
    const ts = await card(stage);

    const { request } = await slack.mention({ user: ann, channel, threadTs: ts, text: 'echo <b> & done' });

    expect(request.payload).toMatchObject({
      type: 'event_callback',
      team_id: slack.team,
      event: {
        type: 'app_mention',
        user: ann,
        team: slack.team,
        text: `<@${slack.botUser}> echo &lt;b&gt; &amp; done`,
        thread_ts: ts,
        channel,
      },
      authorizations: [{ team_id: slack.team, user_id: slack.botUser, is_bot: true }],
    });
    expect(slack.messages(channel, ts)).toHaveLength(1);
  });

  test('of another workspace are named as such in a shared channel', async () => {
    await using stage = await slackStage();
    const { slack } = stage;
    const eve = slack.addUser({ name: 'eve', team: 'T0OTHER' }).id;
    const channel = slack.addChannel({ name: 'shared', members: [eve], shared: true }).id;
    const ts = await card({ ...stage, channel });

    const slash = await slack.slash({ user: eve, channel, text: 'list' });
    const mention = await slack.mention({ user: eve, channel, text: 'ls' });
    const press = await slack.press({ user: eve, channel, ts, actionId: 'one' });

    expect(slash.request.payload).toMatchObject({ team_id: 'T0OTHER', user_id: eve });
    expect(mention.request.payload).toMatchObject({
      team_id: slack.team,
      is_ext_shared_channel: true,
      authorizations: [{ team_id: slack.team }],
      event: { user: eve, team: 'T0OTHER', user_team: 'T0OTHER', source_team: 'T0OTHER' },
    });
    expect(press.request.payload).toMatchObject({
      team: { id: slack.team },
      user: { id: eve, team_id: 'T0OTHER' },
    });
    await expect(slack.openHome(eve)).rejects.toThrow('no home');
  });

  test('talk to the bot directly', async () => {
    await using stage = await slackStage();
    const { slack, ann, bob } = stage;
    const channel = slack.direct(ann);

    const { request } = await slack.slash({ user: ann, channel, text: 'list' });

    expect(request.payload).toMatchObject({ channel_id: channel, channel_name: 'directmessage' });
    await expect(slack.slash({ user: bob, channel, text: 'list' })).rejects.toThrow('is not in');
  });

  test('live in the workspace that the test names, beside another', async () => {
    await using one = await slackStage({ team: 'T0ONE' });
    await using two = await slackStage({ team: 'T0TWO' });

    const [here, there] = await Promise.all(
      [one, two].map(({ slack, ann, channel }) => slack.slash({ user: ann, channel, text: '' })),
    );

    expect(here?.request.payload).toMatchObject({ team_id: 'T0ONE' });
    expect(there?.request.payload).toMatchObject({ team_id: 'T0TWO' });
  });

  test('fill in a form only as the form allows', async () => {
    await using stage = await slackStage();
    const { slack, ann, channel } = stage;
    const label = (text: string): Json => ({ type: 'plain_text', text });
    const option = (value: string): Json => ({ text: label(value.toUpperCase()), value });
    const view: Json = {
      type: 'modal',
      title: label('Form'),
      submit: label('Send'),
      private_metadata: 'kept',
      blocks: [
        {
          type: 'input',
          block_id: 'name',
          label: label('Name'),
          element: { type: 'plain_text_input', action_id: 'text', max_length: 5 },
        },
        {
          type: 'input',
          block_id: 'size',
          optional: true,
          label: label('Size'),
          element: { type: 'static_select', action_id: 'pick', options: [option('s'), option('m')] },
        },
      ],
    };
    const { request } = await slack.slash({ user: ann, channel, text: '' });
    await callSlack(slack, 'views.open', { trigger_id: request.payload['trigger_id'], view });
    const submit = (values: Record<string, string>) => slack.submit({ user: ann, values });

    await expect(submit({})).rejects.toThrow('Name must be filled in');
    await expect(submit({ name: '123456' })).rejects.toThrow('at most 5');
    await expect(submit({ name: 'a\nb' })).rejects.toThrow('one line');
    await expect(submit({ name: 'x', size: 'xl' })).rejects.toThrow('no choice xl');
    await expect(submit({ name: 'x', colour: 'red' })).rejects.toThrow('no input colour');
    const sent = await submit({ Name: 'box', pick: 'M' });

    expect(sent.request.payload).toMatchObject({
      type: 'view_submission',
      user: { id: ann, team_id: slack.team },
      view: {
        private_metadata: 'kept',
        state: {
          values: {
            name: { text: { type: 'plain_text_input', value: 'box' } },
            size: { pick: { type: 'static_select', selected_option: { value: 'm' } } },
          },
        },
      },
    });
  });
});
