import { describe, expect, test } from 'vitest';
import { lookalikeWarnings } from '../../../../channels/shared/lookalikes.ts';

describe('characters that look like others', () => {
  test.each([
    ['echo \u201chello\u201d', 'curly quotes'],
    ['it\u2019s', 'curly quotes'],
    ['ls \u2014all', 'long dash'],
    ['ls\u00a0-la', 'no-break'],
    ['ls \u2026', 'three dots'],
  ])('are told of in %j', (text, words) => {
    expect(lookalikeWarnings(text).join()).toContain(words);
  });

  test('are none in a plain line', () => {
    expect(lookalikeWarnings('grep -r "a\'b" --all . | wc -l')).toEqual([]);
  });
});
