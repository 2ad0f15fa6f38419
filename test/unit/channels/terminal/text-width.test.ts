import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cutText,
  padEnd,
  textWidth,
  wrapExactly,
  wrapText,
} from '../../../../channels/terminal/text-width.ts';

describe('textWidth', () => {
  test('counts wide characters as two columns and combining ones as none', () => {
    expect(textWidth('abc')).toBe(3);
    expect(textWidth('日本語')).toBe(6);
    expect(textWidth('한국어')).toBe(6);
    expect(textWidth('😀🚀')).toBe(4);
    expect(textWidth('e\u0301')).toBe(1);
    expect(textWidth('🇩🇪')).toBe(2);
    expect(textWidth('ＡＢ')).toBe(4);
  });
});

describe('padEnd and cutText', () => {
  test('fill and cut by columns, not by characters', () => {
    expect(padEnd('日本', 6)).toBe('日本  ');
    expect(cutText('日本語です', 7, '…')).toBe('日本語…');
    expect(cutText('short', 7, '…')).toBe('short');
  });
});

describe('wrapText', () => {
  test('breaks at spaces and keeps every word', () => {
    expect(wrapText('the quick brown fox', 9)).toEqual(['the quick', 'brown fox']);
  });

  test('breaks inside a word that is longer than a line', () => {
    expect(wrapText('see https://example.com/a', 10)).toEqual(['see', 'https://ex', 'ample.com/', 'a']);
  });

  test('keeps newlines and makes tabs four spaces', () => {
    expect(wrapText('a\n\n\tb', 10)).toEqual(['a', '', '    b']);
  });

  test('no line is ever wider than asked', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 60 }), (text, width) => {
        const visible = text.replace(/[\p{Cc}\p{Cf}]/gu, '');
        for (const line of [...wrapText(visible, width), ...wrapExactly(visible, width)]) {
          expect(textWidth(line)).toBeLessThanOrEqual(width);
        }
      }),
    );
  });

  test('wrapExactly loses nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 60 }), (text, width) => {
        const visible = text.replace(/[\p{Cc}\p{Cf}]/gu, '');
        expect(wrapExactly(visible, width).join('')).toBe(visible);
      }),
    );
  });

  test('a megabyte on one line is wrapped without delay', () => {
    expect(wrapExactly('x'.repeat(1024 * 1024), 100)).toHaveLength(10_486);
  });
});
