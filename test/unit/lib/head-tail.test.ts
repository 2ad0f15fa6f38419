import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHeadTail } from '../../../src/lib/head-tail.ts';

const anyChunks = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 30 });
const anyCap = fc.integer({ min: 0, max: 400 });

function pushed(cap: number, chunks: readonly Uint8Array[]) {
  const keeper = createHeadTail(cap);
  for (const chunk of chunks) keeper.push(chunk);
  return keeper;
}

test('keeps the first and the last half of whatever comes in whatever pieces', () => {
  fc.assert(
    fc.property(anyCap, anyChunks, (cap, chunks) => {
      const all = Buffer.concat(chunks);
      const keeper = pushed(cap, chunks);
      const { head, tail, totalBytes } = keeper.kept();

      expect(totalBytes).toBe(all.length);
      expect(keeper.truncated).toBe(all.length > cap);
      if (all.length <= cap) {
        expect(Buffer.from(head)).toEqual(all);
        expect(tail).toHaveLength(0);
      } else {
        expect(Buffer.from(head)).toEqual(all.subarray(0, Math.ceil(cap / 2)));
        expect(Buffer.from(tail)).toEqual(all.subarray(all.length - Math.floor(cap / 2)));
      }
    }),
  );
});

test('does not depend on how the stream is cut into chunks', () => {
  fc.assert(
    fc.property(anyCap, anyChunks, (cap, chunks) => {
      expect(pushed(cap, chunks).kept()).toEqual(pushed(cap, [Buffer.concat(chunks)]).kept());
    }),
  );
});

test('goes on after a look, and the look stays as it was', () => {
  const keeper = pushed(4, [Buffer.from('abcdef')]);
  const before = keeper.kept();
  keeper.push(Buffer.from('gh'));

  expect(Buffer.from(before.tail).toString()).toBe('ef');
  expect(Buffer.from(keeper.kept().tail).toString()).toBe('gh');
});

test('is not changed by a caller that reuses its chunk', () => {
  const chunk = Buffer.from('ab');
  const keeper = pushed(10, [chunk]);
  chunk.fill('x');
  expect(Buffer.from(keeper.kept().head).toString()).toBe('ab');
});

test('refuses a cap that is no number of bytes', () => {
  for (const cap of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => createHeadTail(cap)).toThrow(RangeError);
  }
});
