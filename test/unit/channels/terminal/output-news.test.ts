import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NOTHING_PRINTED, outputNews } from '../../../../channels/terminal/output-news.ts';
import type { CardOutput } from '../../../../src/conversation/card.ts';
import { escapeText } from '../../../../src/lib/escape-text.ts';

/** The window of a stream of which `total` bytes went by and the last `room` are kept. */
function windowOf(stream: Buffer, total: number, room: number, live: boolean): CardOutput {
  const fromByte = Math.max(0, total - room);
  return {
    text: escapeText(stream.subarray(fromByte, total).toString()),
    totalBytes: total,
    fromByte,
    truncated: fromByte > 0,
    live,
  };
}

function printAll(outputs: readonly CardOutput[]): string {
  let progress = NOTHING_PRINTED;
  let printed = '';
  for (const output of outputs) {
    const news = outputNews(progress, output);
    progress = news.progress;
    printed += news.text;
  }
  return printed;
}

describe('outputNews', () => {
  test('prints every character once, however the edits were coalesced and the window moved', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b\n', '\x1b[31m', 'ä', '日', '\n', 'aaaa\n'), { maxLength: 60 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        fc.integer({ min: 4, max: 400 }),
        (parts, cuts, room) => {
          const stream = Buffer.from(parts.join(''));
          const totals = cuts
            .map((cut) => (stream.length === 0 ? 0 : cut % stream.length))
            .toSorted((a, b) => a - b);
          const live = totals.map((total) => windowOf(stream, total, room, true));

          const printed = printAll([...live, windowOf(stream, stream.length, stream.length, false)]);

          expect(printed).toBe(escapeText(stream.toString()));
        },
      ),
    );
  });

  test('prints live output in whole lines', () => {
    const stream = Buffer.from('one\ntwo');

    const news = outputNews(NOTHING_PRINTED, windowOf(stream, 7, 100, true));

    expect(news.text).toBe('one\n');
  });

  test('an edit without anything new prints nothing', () => {
    const stream = Buffer.from('one\n');
    const output = windowOf(stream, 4, 100, true);

    expect(printAll([output, output, { ...output, live: false }])).toBe('one\n');
  });

  test('says that something is missing where the middle was not kept', () => {
    const first = windowOf(Buffer.from('a\nb\nc\n'), 6, 100, true);
    const last: CardOutput = {
      text: 'a\n…\ny\nz\n',
      totalBytes: 1000,
      fromByte: 0,
      truncated: true,
      live: false,
    };

    expect(printAll([first, last])).toBe('a\nb\nc\n[...]\na\n…\ny\nz\n');
  });
});
