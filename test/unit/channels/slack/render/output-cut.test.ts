import { describe, expect, test } from 'vitest';
import { SLACK_LIMITS } from '../../../../../channels/slack/render/limits.ts';
import { renderMessage } from '../../../../../channels/slack/render/message.ts';
import { isOutputCut } from '../../../../../src/conversation/cards/output.ts';
import { endedCard, makeCard } from '../../../../fixtures/cards.ts';

const { outputCharacters, codeCharacters } = SLACK_LIMITS;
const ROOM = { outputCharacters, codeCharacters };
const ALPHABETS = ['a', '\u0007', '\n', '"', '\\', 'ö', 'あ', '👩', '\u202e', '\u2800', 'ab\u001b[31mc\r\n'];

describe('an output that is cut', () => {
  test.each(ALPHABETS)('has a file that the card speaks of, whatever it consists of: %j', (part) => {
    const without: unknown[] = [];
    for (const size of [1, 100, 499, 500, 600, 1000, 1333, 1999, 2000, 2001, 5000]) {
      for (const command of ['ls', 'あ'.repeat(2000), '"'.repeat(2000), 'a'.repeat(2000)]) {
        const text = part.repeat(Math.ceil(size / part.length)).slice(0, size);
        const { blocks, cut } = renderMessage(endedCard(command, text, ROOM));
        const isPromised = cut.output || JSON.stringify(blocks).includes('The file below');
        if (isPromised && !isOutputCut(text, command, ROOM)) without.push({ size, command });
      }
    }

    expect(without).toEqual([]);
  });

  test('by escapes is cut once, in its middle, and head and tail are both there', () => {
    const text = `first\n${'\u0007'.repeat(1500)}\nlast`;

    const { blocks, cut } = renderMessage(endedCard('ls', text, ROOM));

    expect(cut.output).toBe(false);
    const shown = JSON.stringify(blocks);
    expect(shown).toContain('first');
    expect(shown).toContain('characters left out');
    expect(shown).toContain('last');
  });

  test('while it grows says nothing of a file, for there is none yet', () => {
    const output = {
      text: 'あ'.repeat(2000),
      totalBytes: 6000,
      fromByte: 0,
      truncated: false,
      live: true,
    };
    const card = makeCard({ ...endedCard('あ'.repeat(2000), '', ROOM), output });

    const { blocks, cut } = renderMessage(card);

    expect(cut.output).toBe(true);
    expect(JSON.stringify(blocks)).not.toContain('file');
  });
});
