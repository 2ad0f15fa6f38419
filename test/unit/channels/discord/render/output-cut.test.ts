import { describe, expect, test } from 'vitest';
import { DISCORD_LIMITS } from '../../../../../channels/discord/render/limits.ts';
import { renderMessage } from '../../../../../channels/discord/render/message.ts';
import { isOutputCut } from '../../../../../src/conversation/cards/output.ts';
import { endedCard, makeCard } from '../../../../fixtures/cards.ts';

const { outputCharacters, codeCharacters } = DISCORD_LIMITS;
const ROOM = { outputCharacters, codeCharacters };
/** What a block of code writes out, and what else takes more room than it has characters. */
const ALPHABETS = [
  'a',
  '`',
  '```',
  '``` ',
  '```\n',
  '`\u0007',
  '\u0007',
  '\n',
  '"',
  '\\',
  'あ',
  '👩',
  '*',
  '\u202e',
];

describe('an output that is cut', () => {
  test.each(ALPHABETS)('has a file that the card speaks of, whatever it consists of: %j', (part) => {
    const without: unknown[] = [];
    for (const size of [1, 375, 1100, 1400, 1500, 1501]) {
      for (const letter of ['a', '`', '``` ']) {
        for (const length of [2, 1000, 1300]) {
          const command = letter.repeat(length).slice(0, length);
          const text = part.repeat(Math.ceil(size / part.length)).slice(0, size);
          const message = renderMessage(endedCard(command, text, ROOM));
          const isPromised = message.cut.output || JSON.stringify(message).includes('The file below');
          if (isPromised && !isOutputCut(text, command, ROOM)) without.push({ size, letter, length });
        }
      }
    }

    expect(without).toEqual([]);
  });

  test('by escapes is cut once, in its middle, and head and tail are both there', () => {
    const text = `first\n${'\u0007'.repeat(1500)}\nlast`;

    const message = renderMessage(endedCard('ls', text, ROOM));

    expect(message.cut.output).toBe(false);
    const shown = JSON.stringify(message);
    expect(shown).toContain('first');
    expect(shown).toContain('characters left out');
    expect(shown).toContain('last');
  });

  test('while it grows says nothing of a file, for there is none yet', () => {
    const output = { text: '`'.repeat(1500), totalBytes: 6000, fromByte: 0, truncated: false, live: true };
    const card = makeCard({ ...endedCard('`'.repeat(1300), '', ROOM), output });

    const message = renderMessage(card);

    expect(message.cut.output).toBe(true);
    expect(JSON.stringify(message)).not.toContain('file');
  });
});
