/** Every rule of Block Kit that the emulator enforces: at the limit it passes, one above it does not. */
import { describe, expect, test } from 'vitest';
import type { Json } from '../emulators/slack/slack-emulator.ts';
import { callSlack, slackStage } from '../fixtures/slack-app.ts';

const x = (length: number) => 'x'.repeat(length);
const plain = (text: string): Json => ({ type: 'plain_text', text });
const times = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));
const section = (text: string): Json => ({ type: 'section', text: plain(text) });
const button = (more: Json = {}): Json => ({ type: 'button', action_id: 'a', text: plain('Go'), ...more });
const actions = (...elements: Json[]): Json => ({ type: 'actions', elements });
const rich = (leaf: Json): Json => ({
  type: 'rich_text',
  elements: [{ type: 'rich_text_preformatted', elements: [leaf] }],
});
const confirm = (more: Json): Json => ({
  title: plain('Sure?'),
  text: plain('It goes'),
  confirm: plain('Yes'),
  deny: plain('No'),
  ...more,
});
const input = (element: Json, more: Json = {}): Json => ({
  type: 'input',
  label: plain('Why'),
  element,
  ...more,
});
const modal = (more: Json = {}): Json => ({
  type: 'modal',
  title: plain('Why?'),
  submit: plain('Send'),
  blocks: [section('x')],
  ...more,
});
const typed = (more: Json = {}): Json => ({ type: 'plain_text_input', action_id: 't', ...more });
const select = (count: number, more: Json = {}): Json => ({
  type: 'static_select',
  action_id: 's',
  options: times(count, (at) => ({ text: plain(`o${at}`), value: `${at}` })),
  ...more,
});

/** What is right at the limit, and wrong beyond it. */
const BLOCKS: readonly [rule: string, good: Json[], bad: Json[], says: string][] = [
  ['50 blocks', times(50, () => section('x')), times(51, () => section('x')), 'no more than 50 items'],
  ['3000 in a section', [section(x(3000))], [section(x(3001))], 'less than 3001 characters'],
  ['something in a section', [section('x')], [section('')], 'more than 0 characters'],
  [
    '150 in a header',
    [{ type: 'header', text: plain(x(150)) }],
    [{ type: 'header', text: plain(x(151)) }],
    '151',
  ],
  [
    'plain text in a header',
    [{ type: 'header', text: plain('x') }],
    [{ type: 'header', text: { type: 'mrkdwn', text: 'x' } }],
    'mrkdwn',
  ],
  [
    '10 fields',
    [{ type: 'section', fields: times(10, () => plain('x')) }],
    [{ type: 'section', fields: times(11, () => plain('x')) }],
    '10 items',
  ],
  [
    '2000 in a field',
    [{ type: 'section', fields: [plain(x(2000))] }],
    [{ type: 'section', fields: [plain(x(2001))] }],
    '2001',
  ],
  [
    '10 in a context',
    [{ type: 'context', elements: times(10, () => plain('x')) }],
    [{ type: 'context', elements: times(11, () => plain('x')) }],
    '10 items',
  ],
  [
    '25 in a row of actions',
    [actions(...times(25, (at) => button({ action_id: `a${at}` })))],
    [actions(...times(26, (at) => button({ action_id: `a${at}` })))],
    '25 items',
  ],
  [
    'action ids unique in a block',
    [actions(button()), actions(button())],
    [actions(button(), button())],
    'already exists',
  ],
  [
    'block ids unique',
    [
      { ...section('x'), block_id: '1' },
      { ...section('x'), block_id: '2' },
    ],
    [
      { ...section('x'), block_id: '1' },
      { ...section('x'), block_id: '1' },
    ],
    'already exists',
  ],
  [
    '255 in an action id',
    [actions(button({ action_id: x(255) }))],
    [actions(button({ action_id: x(256) }))],
    '256',
  ],
  [
    '255 in a block id',
    [{ ...section('x'), block_id: x(255) }],
    [{ ...section('x'), block_id: x(256) }],
    '256',
  ],
  [
    '75 on a button',
    [actions(button({ text: plain(x(75)) }))],
    [actions(button({ text: plain(x(76)) }))],
    '76',
  ],
  ['2000 in a value', [actions(button({ value: x(2000) }))], [actions(button({ value: x(2001) }))], '2001'],
  ['two styles', [actions(button({ style: 'danger' }))], [actions(button({ style: 'default' }))], 'style'],
  [
    '100 in a title of confirmation',
    [actions(button({ confirm: confirm({ title: plain(x(100)) }) }))],
    [actions(button({ confirm: confirm({ title: plain(x(101)) }) }))],
    '101',
  ],
  [
    '300 in a text of confirmation',
    [actions(button({ confirm: confirm({ text: plain(x(300)) }) }))],
    [actions(button({ confirm: confirm({ text: plain(x(301)) }) }))],
    '301',
  ],
  [
    '30 on a button of confirmation',
    [actions(button({ confirm: confirm({ deny: plain(x(30)) }) }))],
    [actions(button({ confirm: confirm({ deny: plain(x(31)) }) }))],
    '31',
  ],
  [
    'text in rich text',
    [rich({ type: 'text', text: 'x' })],
    [rich({ type: 'text', text: '' })],
    'more than 0',
  ],
  ['known types', [{ type: 'divider' }], [{ type: 'video_wall' }], 'unsupported type'],
  ['known elements', [actions(button())], [actions({ type: 'lever', action_id: 'a' })], 'unsupported type'],
  [
    'known leaves of rich text',
    [rich({ type: 'text', text: 'x' })],
    [rich({ type: 'html', text: 'x' })],
    'unsupported type',
  ],
];

const VIEWS: readonly [rule: string, good: Json, bad: Json, says: string][] = [
  [
    '100 blocks',
    modal({ blocks: times(100, () => section('x')) }),
    modal({ blocks: times(101, () => section('x')) }),
    '100 items',
  ],
  ['24 in a title', modal({ title: plain(x(24)) }), modal({ title: plain(x(25)) }), '25'],
  ['24 on submit', modal({ submit: plain(x(24)) }), modal({ submit: plain(x(25)) }), '25'],
  [
    '3000 of private metadata',
    modal({ private_metadata: x(3000) }),
    modal({ private_metadata: x(3001) }),
    '3001',
  ],
  ['255 in a callback id', modal({ callback_id: x(255) }), modal({ callback_id: x(256) }), '256'],
  [
    '3000 in an input',
    modal({ blocks: [input(typed({ max_length: 3000 }))] }),
    modal({ blocks: [input(typed({ max_length: 3001 }))] }),
    'between 1 and 3000',
  ],
  [
    'an initial value that fits',
    modal({ blocks: [input(typed({ max_length: 5, initial_value: x(5) }))] }),
    modal({ blocks: [input(typed({ max_length: 5, initial_value: x(6) }))] }),
    '6',
  ],
  [
    '100 choices',
    modal({ blocks: [input(select(100))] }),
    modal({ blocks: [input(select(101))] }),
    '100 items',
  ],
  ['a choice', modal({ blocks: [input(select(1))] }), modal({ blocks: [input(select(0))] }), 'at least 1'],
  [
    'submit beside an input',
    modal({ blocks: [input(typed())] }),
    modal({ blocks: [input(typed())], submit: undefined }),
    'submit is required',
  ],
  ['a modal where one is due', modal(), modal({ type: 'home' }), 'must be a modal'],
];

describe('blocks of a message', () => {
  test.each(BLOCKS)('%s', async (_, good, bad, says) => {
    await using stage = await slackStage();
    const { slack, channel } = stage;

    const right = await callSlack(slack, 'chat.postMessage', { channel, text: 't', blocks: good });
    const clean = slack.violations.length;
    const wrong = await callSlack(slack, 'chat.postMessage', { channel, text: 't', blocks: bad });

    expect(right.body).toMatchObject({ ok: true });
    expect(clean).toBe(0);
    expect(wrong.body).toMatchObject({ ok: false, error: 'invalid_blocks' });
    expect(JSON.stringify(wrong.body)).toContain(says);
    expect(slack.violations).toMatchObject([{ rule: 'blocks' }]);
    expect(slack.messages(channel)).toHaveLength(1);
  });

  test('13,200 characters over all blocks', async () => {
    await using stage = await slackStage();
    const { slack, channel } = stage;
    const blocks = [...times(4, () => section(x(3000))), section(x(1200))];

    const right = await callSlack(slack, 'chat.postMessage', { channel, text: 't', blocks });
    const wrong = await callSlack(slack, 'chat.postMessage', {
      channel,
      text: 't',
      blocks: [...blocks, section('x')],
    });

    expect(right.body).toMatchObject({ ok: true });
    expect(wrong.body).toMatchObject({ ok: false, error: 'msg_blocks_too_long' });
  });
});

describe('a view', () => {
  test.each(VIEWS)('%s', async (_, good, bad, says) => {
    await using stage = await slackStage();
    const { slack, ann, channel } = stage;
    const trigger = async () => {
      const { request } = await slack.slash({ user: ann, channel, text: '' });
      return request.payload['trigger_id'];
    };

    const right = await callSlack(slack, 'views.open', { trigger_id: await trigger(), view: good });
    const wrong = await callSlack(slack, 'views.open', { trigger_id: await trigger(), view: bad });

    expect(right.body).toMatchObject({ ok: true });
    expect(wrong.body).toMatchObject({ ok: false, error: 'invalid_arguments' });
    expect(JSON.stringify(wrong.body)).toContain(says);
    expect(slack.violations).toMatchObject([{ rule: 'view' }]);
    expect(slack.views(ann)).toHaveLength(1);
  });
});
