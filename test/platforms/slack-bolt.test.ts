/** The real Bolt lives with the emulator, over both transports. */
import type { App } from '@slack/bolt';
import { describe, expect, test } from 'vitest';
import { boltOverHttp, boltOverSocket, type SlackStage, slackStage } from '../fixtures/slack-app.ts';
import type { SlackVerbs } from '../emulators/slack/slack-emulator.ts';

interface Transport {
  name: string;
  open: (stage: SlackStage, listen: (app: App) => void) => Promise<AsyncDisposable & { people: SlackVerbs }>;
}

const TRANSPORTS: readonly Transport[] = [
  {
    name: 'Socket Mode',
    async open({ slack }, listen) {
      const bolt = await boltOverSocket(slack, listen);
      return { people: slack, [Symbol.asyncDispose]: () => bolt[Symbol.asyncDispose]() };
    },
  },
  {
    name: 'HTTP',
    async open({ slack }, listen) {
      const bolt = await boltOverHttp(slack, listen);
      const people = slack.httpReceiver({ url: bolt.url });
      return { people, [Symbol.asyncDispose]: () => bolt[Symbol.asyncDispose]() };
    },
  },
];

const BUTTONS = [
  {
    type: 'actions',
    elements: [{ type: 'button', action_id: 'go', text: { type: 'plain_text', text: 'Go' }, value: 'v1' }],
  },
] as const;

const MODAL = {
  type: 'modal',
  callback_id: 'why',
  private_metadata: 'kept',
  title: { type: 'plain_text', text: 'Why?' },
  submit: { type: 'plain_text', text: 'Send' },
  blocks: [
    {
      type: 'input',
      block_id: 'reason',
      label: { type: 'plain_text', text: 'Reason' },
      element: { type: 'plain_text_input', action_id: 'text', max_length: 100 },
    },
  ],
} as const;

describe.each(TRANSPORTS)('Bolt over $name', ({ open }) => {
  test('acknowledges a command and answers it in private', async () => {
    await using stage = await slackStage();
    const seen: unknown[] = [];
    await using bolt = await open(stage, (app) =>
      app.command('/agent', async ({ ack, command, respond }) => {
        await ack();
        seen.push(command);
        await respond({ text: 'understood', response_type: 'ephemeral' });
      }),
    );

    const delivery = await bolt.people.slash({ user: stage.ann, channel: stage.channel, text: 'list' });
    await expect.poll(() => stage.slack.ephemerals(stage.ann)).toHaveLength(1);

    expect(delivery).toMatchObject({ acked: true, body: null });
    expect(seen).toMatchObject([{ command: '/agent', text: 'list', user_id: stage.ann }]);
    expect(stage.slack.ephemerals(stage.ann)).toMatchObject([{ text: 'understood', by: 'response' }]);
    expect(stage.slack.violations).toEqual([]);
  });

  test('shows what the acknowledgement of a command carries', async () => {
    await using stage = await slackStage();
    await using bolt = await open(stage, (app) =>
      app.command('/agent', async ({ ack }) => await ack({ text: 'at once' })),
    );

    await bolt.people.slash({ user: stage.bob, channel: stage.channel, text: '' });

    expect(stage.slack.ephemerals(stage.bob)).toMatchObject([{ text: 'at once', by: 'ack' }]);
    expect(stage.slack.ephemerals(stage.ann)).toEqual([]);
  });

  test('posts a card, is clicked, opens a modal and reads its values', async () => {
    await using stage = await slackStage();
    const submitted: unknown[] = [];
    await using bolt = await open(stage, (app) => {
      app.event('app_mention', async ({ event, client }) => {
        await client.chat.postMessage({
          channel: event.channel,
          thread_ts: event.thread_ts ?? event.ts,
          text: 'a card',
          blocks: [...BUTTONS],
        });
      });
      app.action('go', async ({ ack, body, client }) => {
        await ack();
        if (body.type === 'block_actions')
          await client.views.open({
            trigger_id: body.trigger_id,
            view: { ...MODAL, blocks: [...MODAL.blocks] },
          });
      });
      app.view('why', async ({ ack, view, body }) => {
        submitted.push({ values: view.state.values, kept: view.private_metadata, user: body.user.id });
        await ack();
      });
    });
    const { slack, ann, channel } = stage;

    await bolt.people.mention({ user: ann, channel, text: 'ls -la' });
    await expect.poll(() => slack.messages(channel)).toHaveLength(2);
    const [mention, card] = slack.messages(channel);
    const clicked = await bolt.people.press({ user: ann, channel, ts: card?.ts ?? '', actionId: 'go' });
    await expect.poll(() => slack.views(ann)).toHaveLength(1);
    const sent = await bolt.people.submit({ user: ann, values: { reason: 'because' } });

    expect(card?.thread_ts).toBe(mention?.ts);
    expect(clicked.acked).toBe(true);
    expect(sent.acked).toBe(true);
    expect(submitted).toEqual([
      {
        values: { reason: { text: { type: 'plain_text_input', value: 'because' } } },
        kept: 'kept',
        user: ann,
      },
    ]);
    expect(slack.views(ann)).toEqual([]);
    expect(slack.violations).toEqual([]);
  });

  test('a submission that is answered with errors stays open; an update changes it', async () => {
    await using stage = await slackStage();
    const answers = [
      { response_action: 'errors' as const, errors: { reason: 'too short' } },
      {
        response_action: 'update' as const,
        view: { ...MODAL, title: { type: 'plain_text' as const, text: 'Done' }, blocks: [...MODAL.blocks] },
      },
      { response_action: 'clear' as const },
    ];
    await using bolt = await open(stage, (app) => {
      app.command('/agent', async ({ ack, command, client }) => {
        await ack();
        await client.views.open({
          trigger_id: command.trigger_id,
          view: { ...MODAL, blocks: [...MODAL.blocks] },
        });
      });
      app.view('why', async ({ ack }) => {
        const answer = answers.shift();
        if (answer !== undefined) await ack(answer);
      });
    });
    const { slack, ann, channel } = stage;
    await bolt.people.slash({ user: ann, channel, text: '' });
    await expect.poll(() => slack.views(ann)).toHaveLength(1);

    const refused = await bolt.people.submit({ user: ann, values: { reason: 'x' } });
    expect(refused.body).toEqual({ response_action: 'errors', errors: { reason: 'too short' } });
    expect(slack.views(ann)).toMatchObject([{ title: { text: 'Why?' } }]);
    await bolt.people.submit({ user: ann, values: { reason: 'xx' } });
    expect(slack.views(ann)).toMatchObject([{ title: { text: 'Done' } }]);
    await bolt.people.submit({ user: ann, values: { reason: 'xxx' } });

    expect(slack.views(ann)).toEqual([]);
    expect(slack.violations).toEqual([]);
  });

  test('publishes a home when it is opened', async () => {
    await using stage = await slackStage();
    await using bolt = await open(stage, (app) =>
      app.event('app_home_opened', async ({ event, client }) => {
        await client.views.publish({ user_id: event.user, view: { type: 'home', blocks: [...BUTTONS] } });
      }),
    );

    const opened = await bolt.people.openHome(stage.bob);
    await expect.poll(() => stage.slack.home(stage.bob)).not.toBeNull();

    expect(opened.acked).toBe(true);
    expect(stage.slack.home(stage.bob)).toMatchObject({ type: 'home' });
  });

  test('an event that is delivered again says so, a duplicate does not', async () => {
    await using stage = await slackStage();
    const seen: unknown[] = [];
    await using bolt = await open(stage, (app) =>
      app.event('app_mention', async ({ body, context }) => {
        seen.push({ id: body.event_id, retry: context.retryNum ?? 0 });
      }),
    );

    const first = await bolt.people.mention({ user: stage.ann, channel: stage.channel, text: 'hi' });
    await bolt.people.redeliver(first);
    await bolt.people.redeliver(first, { retryNum: 1 });

    const id = first.request.payload['event_id'];
    expect(seen).toEqual([
      { id, retry: 0 },
      { id, retry: 0 },
      { id, retry: 1 },
    ]);
  });
});
