import { expect, test } from 'vitest';
import { inParallel } from '../../../src/lib/in-parallel.ts';

test('works on every item once, never on more at a time than allowed', async () => {
  let now = 0;
  let most = 0;
  const done: number[] = [];
  await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    now += 1;
    most = Math.max(most, now);
    await Promise.resolve();
    done.push(item);
    now -= 1;
  });
  expect(most).toBe(3);
  expect(done.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test('rejects with the first failure', async () => {
  await expect(inParallel([1], 4, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
});
