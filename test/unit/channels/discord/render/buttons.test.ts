import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buttonRows, decodeButton, encodeButton } from '../../../../../channels/discord/render/buttons.ts';
import { BUTTON_IDS } from '../../../../../src/conversation/card.ts';
import { newActionId, newAgentId } from '../../../../../src/lib/ids.ts';
import { makeButton } from '../../../../fixtures/cards.ts';
import { brokenMessageRules } from '../../../../fixtures/discord-limits.ts';

const HASH = '0123456789abcdef'.repeat(4);

describe('a button', () => {
  test.each(BUTTON_IDS)('%s carries the longest id and the whole hash that was seen', (id) => {
    const pressed = { id, subject: id === 'approve' ? newActionId() : newAgentId(), hash: HASH };

    const customId = encodeButton(pressed, 25) ?? '';

    expect(customId.length).toBeGreaterThan(0);
    expect(customId.length).toBeLessThanOrEqual(100);
    expect(decodeButton(customId)).toEqual(pressed);
  });

  test('comes back as it was made, or is not made', () => {
    const pressed = fc.record({
      id: fc.constantFrom(...BUTTON_IDS),
      subject: fc.string({
        unit: fc.constantFrom('a', ':', '%', '-', ' ', '\n', '\u202e', '\u{1f469}', '\ud800'),
        maxLength: 60,
      }),
      hash: fc.oneof(
        fc.constant(null),
        fc.constant(HASH),
        fc.string({ maxLength: 20 }),
        fc.string({ unit: fc.constantFrom('a', '0', 'F'), minLength: 64, maxLength: 64 }),
      ),
    });
    fc.assert(
      fc.property(pressed, fc.integer({ min: 1, max: 25 }), (button, at) => {
        const customId = encodeButton(button, at);

        if (customId !== null) expect(decodeButton(customId)).toEqual(button);
      }),
    );
  });

  test('is left out when it is longer than Discord keeps', () => {
    expect(encodeButton(makeButton({ subject: 'x'.repeat(100) }))).toBeNull();
  });

  test.each([
    '',
    'airlock',
    'airlock:approve',
    'airlock:approve:::a',
    'airlock:approve::h:a',
    'airlock:approve::hAAAA:a',
    'airlock:approve::t%:a',
    'airlock:approve:x:-:a',
    'airlock:explode::-:a',
    'airlock-form:approve::-:a',
    'other:approve::-:a',
  ])('is none of ours when it says %j', (customId) => {
    expect(decodeButton(customId)).toBeNull();
  });
});

describe('the buttons of a card', () => {
  test('differ in their ids even when the card repeats one, and each comes back as its own', () => {
    const buttons = ['one', 'one', 'three'].map((subject) => makeButton({ id: 'logs', subject }));

    const { rows } = buttonRows(buttons);

    expect(brokenMessageRules({ content: 'x', components: rows })).toEqual([]);
    const ids = rows.flatMap(({ components }) =>
      components.map((part) => ('custom_id' in part ? part.custom_id : '')),
    );
    expect(ids.map((id) => decodeButton(id)?.subject)).toEqual(['one', 'one', 'three']);
  });

  test('are as many as Discord takes, five in a row', () => {
    const { rows, missing } = buttonRows(
      Array.from({ length: 30 }, () => makeButton({ id: 'help', subject: '' })),
    );

    expect(rows.map(({ components }) => components.length)).toEqual([5, 5, 5, 5, 5]);
    expect(missing).toBe(5);
    expect(brokenMessageRules({ content: 'x', components: rows })).toEqual([]);
  });

  test('have labels that Discord takes, whatever the card says', () => {
    for (const label of ['', ' ', 'x'.repeat(500), '\u{1f469}'.repeat(100), '\n']) {
      const { rows } = buttonRows([makeButton({ label })]);

      expect(brokenMessageRules({ content: 'x', components: rows })).toEqual([]);
    }
  });

  test('are none for a card without', () => {
    expect(buttonRows([])).toEqual({ rows: [], missing: 0 });
  });
});
