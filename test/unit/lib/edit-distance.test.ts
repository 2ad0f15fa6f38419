import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closest, editDistance } from '../../../src/lib/edit-distance.ts';

describe('the edit distance', () => {
  it.each([
    ['', '', 0],
    ['stop', 'stop', 0],
    ['', 'abc', 3],
    ['stpo', 'stop', 1],
    ['kitten', 'sitting', 3],
    ['list', 'lists', 1],
    ['ca', 'abc', 3],
  ])('of %j and %j is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it('is symmetric, zero only for equal words, and never above the longer one', () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });
});

describe('the closest candidate', () => {
  const commands = ['create', 'exec', 'list', 'status', 'stop', 'stop-all'];

  it.each([
    ['lst', 'list'],
    ['stpo', 'stop'],
    ['stat', 'status'],
    ['STOP', 'stop'],
    ['craete', 'create'],
    ['zzzz', null],
    ['', null],
    ['x'.repeat(1_000_000), null],
  ])('to %.12s is %j', (word, candidate) => {
    expect(closest(word, commands)).toBe(candidate);
  });
});
