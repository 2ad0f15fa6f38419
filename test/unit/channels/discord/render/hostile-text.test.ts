import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeButton } from '../../../../../channels/discord/render/buttons.ts';
import { renderForm } from '../../../../../channels/discord/render/form.ts';
import { DISCORD_LIMITS } from '../../../../../channels/discord/render/limits.ts';
import { type RenderedMessage, renderMessage } from '../../../../../channels/discord/render/message.ts';
import { threadName } from '../../../../../channels/discord/render/thread-name.ts';
import type { Card } from '../../../../../src/conversation/card.ts';
import { escapeText } from '../../../../../src/lib/escape-text.ts';
import { makeButton, makeCard } from '../../../../fixtures/cards.ts';
import { brokenMessageRules, brokenModalRules } from '../../../../fixtures/discord-limits.ts';
import { type Markup, readDiscord } from '../../../../fixtures/discord-reader.ts';
import { ENORMOUS_CARD, HASH, hostileCard, hostileText, UNSAFE } from '../../../../fixtures/hostile-cards.ts';

const RUNS = { numRuns: 60 };

/** What this channel itself makes. */
const OURS = new Set(['strong', 'block', 'quote']);

/** Every text of a message that Discord reads as Markdown. */
function marked({ content, embeds }: RenderedMessage): string[] {
  return [content, ...embeds.map(({ description = '' }) => description)];
}

function markupIn(message: RenderedMessage): Markup[] {
  return marked(message).flatMap((part) => readDiscord(part).markup);
}

function expectInert(message: RenderedMessage, warnings: number): void {
  const markup = markupIn(message);
  expect(markup.filter(({ kind }) => !OURS.has(kind))).toEqual([]);
  expect(markup.filter(({ kind }) => kind === 'quote').length).toBeLessThanOrEqual(warnings);
  const footers = message.embeds.map(({ footer }) => footer?.text ?? '');
  const labels = message.components
    .flatMap(({ components }) => components)
    .map((part) => JSON.stringify(part));
  const plain = marked(message).map((part) => readDiscord(part).shown);
  expect([...plain, ...footers, ...labels].filter((shown) => UNSAFE.test(shown))).toEqual([]);
}

/** What is shown as code, which comes before all that else is a block. */
function shownCode(message: RenderedMessage): string {
  return markupIn(message).find(({ kind }) => kind === 'block')?.content ?? '';
}

/** As the reader of a block sees it: Discord leaves out empty lines at its ends, and three backticks are written out. */
function asBlock(code: string): string {
  return escapeText(code)
    .replaceAll('```', '``\\x60')
    .replace(/^\n+|\n+$/g, '');
}

describe('a message of hostile text', () => {
  test('is never markup, mentions nobody and keeps every limit', () => {
    fc.assert(
      fc.property(hostileCard, (hostile) => {
        const message = renderMessage(hostile);

        expect(brokenMessageRules(message)).toEqual([]);
        expectInert(message, hostile.warnings.length);
      }),
      RUNS,
    );
  });

  test('keeps what Approve carries', () => {
    fc.assert(
      fc.property(hostileCard, (hostile) => {
        const [approve] = renderMessage(hostile).components.flatMap(({ components }) => components);
        const customId = approve !== undefined && 'custom_id' in approve ? approve.custom_id : '';

        expect(decodeButton(customId)).toEqual({ id: 'approve', subject: 'k3x9abcdefgh', hash: HASH });
      }),
      RUNS,
    );
  });

  test('shows code from its beginning, whole or said to be cut', () => {
    fc.assert(
      fc.property(hostileCard, hostileText, (hostile, code) => {
        const action: Card = { ...hostile, kind: 'action', output: null, table: null };
        const whole = escapeText(code);

        const message = renderMessage({ ...action, code: { label: 'Command', text: code } });
        const shown = shownCode(message);

        expect(message.cut.code).toBe(whole.trim() !== '' && whole.length > DISCORD_LIMITS.codeCharacters);
        if (whole.trim() === '') expect(shown).toBe('');
        else if (message.cut.code) expect(asBlock(code).startsWith(shown)).toBe(true);
        else expect(shown).toBe(asBlock(code));
      }),
      RUNS,
    );
  });

  test('never shows code that a limit allows in part, whatever characters it is of', () => {
    const alphabets = ['a', '`', '"', '\\', '\n\u3042', '\u{1d4d0}', '*', '<', '``` '];

    for (const character of alphabets) {
      const code = character.repeat(DISCORD_LIMITS.codeCharacters).slice(0, DISCORD_LIMITS.codeCharacters);
      const worst = makeCard({
        kind: 'action',
        title: '*'.repeat(400),
        state: { label: '_'.repeat(400), tone: 'waiting' },
        code: { label: '*'.repeat(400), text: code },
        buttons: Array.from({ length: 9 }, () => makeButton({ hash: HASH })),
        warnings: ['<'.repeat(2000)],
        output: { text: '`'.repeat(9999), totalBytes: 9999, fromByte: 0, truncated: false, live: false },
      });

      const message = renderMessage(worst);

      expect(message.cut.code).toBe(false);
      expect(shownCode(message)).toBe(asBlock(code));
      expect(brokenMessageRules(message)).toEqual([]);
    }
  });

  test('names its thread on one line that fits', () => {
    fc.assert(
      fc.property(hostileCard, (hostile) => {
        const name = threadName(hostile);

        expect(name.length).toBeLessThanOrEqual(100);
        expect(name).not.toMatch(/[\n\t]/);
        expect(name.trim()).not.toBe('');
        expect(name).not.toMatch(UNSAFE);
      }),
      RUNS,
    );
  });
});

describe('a form of hostile text', () => {
  test('is never markup and keeps every limit', () => {
    fc.assert(
      fc.property(hostileCard, hostileText, (hostile, label) => {
        const inputs = (['command', 'image'] as const).map((name) => ({
          name,
          label,
          choices: name === 'image' ? hostile.text.map((value) => ({ value, label: value })) : null,
          multiline: true,
          optional: true,
          maxLength: label.length,
        }));

        const modal = renderForm(
          { title: hostile.title, text: hostile.text, submitLabel: 'x', inputs },
          'airlock-form',
        );

        expect(brokenModalRules(modal)).toEqual([]);
        const shown = modal.components.flatMap((part) => ('content' in part ? [part.content] : []));
        expect(shown.flatMap((part) => readDiscord(part).markup)).toEqual([]);
      }),
      RUNS,
    );
  });
});

describe('what is enormous', () => {
  test('is cut to a message that says so', () => {
    const message = renderMessage(ENORMOUS_CARD);

    expect(brokenMessageRules(message)).toEqual([]);
    expect(message.cut).toEqual({ code: true, output: true, rest: true });
    expect(message.content).toContain('characters are not shown');
    expect(message.embeds[0]?.description).toContain('too long for one message');
  });

  test('tells how many rows of a long list are not shown', () => {
    const table = Array.from({ length: 10_001 }, (_, at) => [`agent-${at}`, 'RUNNING', 'gvisor', 'busybox']);

    const message = renderMessage(makeCard({ kind: 'list', table }));

    expect(brokenMessageRules(message)).toEqual([]);
    expect(message.cut.rest).toBe(true);
    expect(message.embeds[0]?.description).toMatch(/and 9,9\d\d more/);
  });
});
