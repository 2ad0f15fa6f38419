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
import { ENORMOUS_CARD, HASH, hostileCard, hostileText, UNSAFE } from '../../../../fixtures/hostile-cards.ts';
import { brokenMessageRules, brokenViewRules, partsOf } from '../../../../fixtures/slack-limits.ts';

/** Each run renders a whole card; together the runs take a second or two. */
const RUNS = { numRuns: 40 };

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
      fc.property(hostileCard, (hostile) => {
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
      fc.property(hostileCard, (hostile) => {
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
      fc.property(hostileCard, hostileText, (hostile, code) => {
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
      fc.property(fc.array(hostileCard, { maxLength: 8 }), hostileText, (cards, metadata) => {
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
      fc.property(hostileText, hostileText, (code, output) => {
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
  test('is cut to a message and a home tab, and both say so', () => {
    const message = renderMessage(ENORMOUS_CARD);
    const home = renderHome([ENORMOUS_CARD, ENORMOUS_CARD, ENORMOUS_CARD]);

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
