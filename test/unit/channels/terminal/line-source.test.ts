import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_LINE_BYTES, readLines } from '../../../../channels/terminal/line-source.ts';

async function collect(chunks: readonly (Uint8Array | string)[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(Readable.from(chunks))) {
    lines.push('text' in line ? line.text : `${line.error.code}: ${line.error.message}`);
  }
  return lines;
}

describe('readLines', () => {
  test('puts lines together wherever the chunks were cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' })),
        fc.integer({ min: 1, max: 7 }),
        async (texts, size) => {
          const lines = texts.map((text) => text.replace(/[\n\r\0]/g, '').toWellFormed());
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          const chunks: Uint8Array[] = [];
          for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));

          expect(await collect(chunks)).toEqual(lines);
        },
      ),
    );
  });

  test('takes a last line without a newline and cuts a carriage return', async () => {
    expect(await collect(['one\r\ntwo'])).toEqual(['one', 'two']);
  });

  test('a line that is not UTF-8 is an error, and the next one goes on', async () => {
    const lines = await collect([Buffer.from([0x61, 0xff, 0x0a]), 'list\n']);

    expect(lines).toEqual(['INVALID_INPUT: the line is not valid UTF-8 and was not run', 'list']);
  });

  test('a line with a NUL byte is an error, and the next one goes on', async () => {
    const lines = await collect(['a\0b\nlist\n']);

    expect(lines).toEqual(['INVALID_INPUT: the line has a NUL byte and was not run', 'list']);
  });

  test('a line of a megabyte is an error with its length, and the next one goes on', async () => {
    const chunks = Array.from({ length: 16 }, () => 'x'.repeat(65_536));

    const lines = await collect([...chunks, '\nlist\n']);

    expect(lines).toEqual([
      `TOO_LONG: the line has 1048576 bytes and was not run; at most ${MAX_LINE_BYTES} are allowed`,
      'list',
    ]);
  });

  test('the longest line allowed is taken', async () => {
    expect(await collect([`${'x'.repeat(MAX_LINE_BYTES)}\n`])).toEqual(['x'.repeat(MAX_LINE_BYTES)]);
  });
});
