import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeButton } from '../../../../../channels/slack/render/buttons.ts';
import { renderForm } from '../../../../../channels/slack/render/form.ts';
import { renderHome } from '../../../../../channels/slack/render/home.ts';
import { SLACK_LIMITS } from '../../../../../channels/slack/render/limits.ts';
import { renderMessage } from '../../../../../channels/slack/render/message.ts';
import { renderTextModal } from '../../../../../channels/slack/render/text-modal.ts';
import type { Card } from '../../../../../src/conversation/card.ts';
import { escapeText } from '../../../../../src/lib/escape-text.ts';
import { makeButton, makeCard } from '../../../../fixtures/cards.ts';
import { brokenMessageRules, brokenViewRules, partsOf } from '../../../../fixtures/slack-limits.ts';

const HASH = 'ab'.repeat(32);
const MEBIBYTE = 1024 * 1024;

/** Each run renders a whole card; together the runs take a second or two. */
const RUNS = { numRuns: 40 };

const fragment = fc.oneof(
  fc.constantFrom(
    '<!channel>',
    '<!here|here>',
    '<@U1>',
    '<#C1|general>',
    '<!subteam^S1|@team>',
    '<https://evil.example|Approve>',
    '*bold* _it_ ~no~ `code`',
    '```\nbreak out\n```',
    ':tada:',
    '@channel',
    '&amp;&lt;!channel&gt;',
    '\u202e\u2066',
    '\u0645\u0631\u062d\u0628\u0627',
    'e\u0301\u0302\u0303',
    '\u{1f469}\u200d\u{1f4bb}',
    '\u{1d4d0}',
    '\ud800',
    '\udfff',
    '\0\u001b[2J\r\n\t',
    '\u200b\u2060\u3164\ufeff',
    '\\u{20',
    '"\\"\\',
    '   ',
    '\n\n\n',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const short = fc.array(fragment, { maxLength: 4 }).map((parts) => parts.join(''));
/** As long as a platform's limits and longer. */
const text = fc.oneof(
  { weight: 4, arbitrary: short },
  {
    weight: 1,
    arbitrary: fc
      .tuple(short, fc.constantFrom(100, 1000, 5000))
      .map(([part, times]) => part.repeat(times).slice(0, 20_000)),
  },
);
const texts = fc.array(text, { maxLength: 4 });

const card: fc.Arbitrary<Card> = fc
  .record({
    kind: fc.constantFrom('agent', 'action', 'notice', 'list', 'error', 'help'),
    title: text,
    label: text,
    code: fc.option(text, { nil: null }),
    output: fc.option(text, { nil: null }),
    live: fc.boolean(),
    words: texts,
    warnings: texts,
    steps: texts,
    fields: texts,
    table: fc.option(fc.array(fc.array(text, { maxLength: 4 }), { maxLength: 6 }), { nil: null }),
  })
  .map(({ kind, title, label, code, output, live, words, warnings, steps, fields, table }) =>
    makeCard({
      kind,
      title,
      state: { label, tone: 'waiting' },
      fields: fields.map((value) => ({ label: value, value })),
      code: code === null ? null : { label, text: code },
      output: output === null ? null : { text: output, totalBytes: 9, fromByte: 0, truncated: false, live },
      timeline: steps.map((step, at) => ({ at: at * 86_400_000, label: step })),
      table,
      text: words,
      warnings,
      buttons: [
        makeButton({ id: 'approve', label, style: 'primary', subject: 'k3x9abcdefgh', hash: HASH }),
        makeButton({ id: 'stop', label: title, style: 'danger' }),
        makeButton({ id: 'stop', label }),
      ],
    }),
  );

/** What can be markup, a mention or a link in Slack's blocks. */
const ACTIVE = new Set([
  'mrkdwn',
  'markdown',
  'link',
  'user',
  'usergroup',
  'channel',
  'team',
  'broadcast',
  'emoji',
  'date',
  'image',
]);
// oxlint-disable-next-line no-control-regex -- the characters are the subject
const UNSAFE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|\p{Cs}/u;

function expectInert(blocks: unknown): void {
  const parts = partsOf(blocks);
  expect(parts.filter(({ type }) => ACTIVE.has(String(type)))).toEqual([]);
  expect(parts.filter(({ type, emoji }) => type === 'plain_text' && emoji !== false)).toEqual([]);
  const words = parts.flatMap(({ text: shown }) => (typeof shown === 'string' ? [shown] : []));
  expect(words.filter((shown) => UNSAFE.test(shown))).toEqual([]);
}

/** What is shown as code. */
function shownCode(blocks: readonly unknown[], label: string): string {
  const block = partsOf(blocks).filter(({ type }) => type === 'rich_text')[label === '' ? 0 : 1];
  const preformatted = partsOf(block).find(({ type }) => type === 'rich_text_preformatted');
  return partsOf(preformatted)
    .filter(({ type }) => type === 'text')
    .map((part) => String(part['text']))
    .join('');
}

describe('a message of hostile text', () => {
  test('is never markup, mentions nobody and keeps every limit', () => {
    fc.assert(
      fc.property(card, (hostile) => {
        const message = renderMessage(hostile);

        expect(brokenMessageRules(message)).toEqual([]);
        expectInert(message.blocks);
        expect(message.text).not.toMatch(/[<>]|&(?!(?:amp|lt|gt);)/);
        expect(Buffer.byteLength(JSON.stringify(message.blocks))).toBeLessThan(13_200);
      }),
      RUNS,
    );
  });

  test('keeps what Approve carries', () => {
    fc.assert(
      fc.property(card, (hostile) => {
        const approve = partsOf(renderMessage(hostile).blocks).find(
          (part) => part['action_id'] === 'airlock:approve',
        );

        expect(decodeButton(approve)).toEqual({ id: 'approve', subject: 'k3x9abcdefgh', hash: HASH });
      }),
      RUNS,
    );
  });

  test('shows code from its beginning, whole or said to be cut', () => {
    fc.assert(
      fc.property(card, text, (hostile, code) => {
        const agent: Card = { ...hostile, kind: 'action', code: { label: 'Command', text: code } };
        const whole = escapeText(code);

        const { blocks, cut } = renderMessage(agent);
        const shown = shownCode(blocks, 'Command');

        expect(whole.startsWith(shown) || whole.trim() === '').toBe(true);
        expect(cut.code).toBe(whole.length > SLACK_LIMITS.codeCharacters);
        expect(cut.code || whole.trim() === '' || shown === whole).toBe(true);
      }),
      RUNS,
    );
  });

  test('never shows code that a limit allows in part, whatever characters it is of', () => {
    const alphabets = ['a', '"', '\\', '\n\u3042', '\u3042', '\u{1d4d0}', '&', '<', '\u00e9'];

    for (const character of alphabets) {
      const code = character.repeat(SLACK_LIMITS.codeCharacters).slice(0, SLACK_LIMITS.codeCharacters);
      const worst = makeCard({
        kind: 'action',
        title: '\u3042'.repeat(400),
        state: { label: '\u3042'.repeat(400), tone: 'waiting' },
        code: { label: 'Command', text: code },
        buttons: ['approve', 'deny', 'view', 'cancel', 'stop', 'pause', 'resume'].map((id) =>
          makeButton({ id: id === 'approve' ? 'approve' : 'stop', label: '\u3042'.repeat(100), hash: HASH }),
        ),
        warnings: ['\u3042'.repeat(2000)],
        output: { text: 'x'.repeat(9999), totalBytes: 9999, fromByte: 0, truncated: false, live: false },
      });

      const message = renderMessage(worst);

      expect(message.cut.code).toBe(false);
      expect(shownCode(message.blocks, 'Command')).toBe(code);
      expect(brokenMessageRules(message)).toEqual([]);
    }
  });
});

describe('views of hostile text', () => {
  test('are never markup and keep every limit', () => {
    fc.assert(
      fc.property(fc.array(card, { maxLength: 8 }), text, (cards, metadata) => {
        const home = renderHome(cards);
        const modals = cards.slice(0, 1).flatMap((hostile) => [
          renderTextModal({ card: hostile, page: 1, privateMetadata: '' }),
          renderForm(
            {
              title: hostile.title,
              text: hostile.text,
              submitLabel: hostile.title,
              inputs: [
                {
                  name: 'command',
                  label: metadata,
                  choices: null,
                  multiline: true,
                  optional: true,
                  maxLength: metadata.length,
                },
                {
                  name: 'image',
                  label: metadata,
                  choices: hostile.text.map((value) => ({ value, label: value })),
                  multiline: false,
                  optional: false,
                  maxLength: 10,
                },
              ],
            },
            metadata.slice(0, 3000),
          ),
        ]);

        for (const view of [home, ...modals]) {
          expect(brokenViewRules({ ...view })).toEqual([]);
          expectInert(view.blocks);
        }
      }),
      { numRuns: 15 },
    );
  });

  test('have the whole text on their pages, in order', () => {
    fc.assert(
      fc.property(text, text, (code, output) => {
        const long = makeCard({
          kind: 'notice',
          code: { label: 'Command', text: code },
          output: { text: output, totalBytes: 1, fromByte: 0, truncated: false, live: false },
        });

        expect(pagesOf(long)).toBe(escapeText(code) + escapeText(output));
      }),
      RUNS,
    );
  });
});

describe('what is enormous', () => {
  const huge = '<!channel> `&` \u202e\u{1f469}\n'.repeat(MEBIBYTE / 20);
  const enormous = makeCard({
    kind: 'action',
    title: huge,
    state: { label: huge, tone: 'failure' },
    fields: Array.from({ length: 10_000 }, () => ({ label: huge, value: huge })),
    code: { label: huge, text: huge },
    output: { text: huge, totalBytes: MEBIBYTE, fromByte: 0, truncated: true, live: true },
    timeline: Array.from({ length: 10_000 }, (_, at) => ({ at, label: huge })),
    table: Array.from({ length: 10_000 }, () => [huge, 'b', 'c']),
    text: Array.from({ length: 10_000 }, () => huge),
    warnings: Array.from({ length: 10_000 }, () => huge),
    buttons: Array.from({ length: 10_000 }, () => makeButton({ id: 'approve', hash: HASH })),
  });

  test('is cut to a message and a home tab, and both say so', () => {
    const message = renderMessage(enormous);
    const home = renderHome([enormous, enormous, enormous]);

    expect(brokenMessageRules(message)).toEqual([]);
    expect(brokenViewRules({ ...home })).toEqual([]);
    expect(message.cut).toEqual({ code: true, output: true, rest: true });
    expect(JSON.stringify(message.blocks)).toContain('characters are not shown');
    expect(JSON.stringify(message.blocks)).toContain('too long for one message');
    expect(JSON.stringify(home.blocks)).toMatch(/and \d more/);
  });

  test('tells how many rows of a long list are not shown', () => {
    const table = Array.from({ length: 10_001 }, (_, at) => [`agent-${at}`, 'RUNNING', 'gvisor', 'busybox']);

    const message = renderMessage(makeCard({ kind: 'list', table }));

    expect(brokenMessageRules(message)).toEqual([]);
    expect(message.cut.rest).toBe(true);
    expect(JSON.stringify(message.blocks)).toMatch(/and 9,9\d\d more/);
  });
});

/** Everything on every page, put together. */
function pagesOf(long: Card): string {
  let shown = '';
  for (let page = 1; ; page += 1) {
    const view = renderTextModal({ card: long, page, privateMetadata: '' });
    expect(brokenViewRules({ ...view })).toEqual([]);
    shown += partsOf(view.blocks)
      .filter(({ type }) => type === 'rich_text_preformatted')
      .flatMap((part) => partsOf(part['elements']).map((element) => String(element['text'])))
      .join('');
    if (!JSON.stringify(view.blocks).includes('airlock-page:next')) return shown;
  }
}
