import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeLine, escapeText } from '../../../src/lib/escape-text.ts';

test.each([
  ['a colour', '\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m'],
  ['a window title', '\x1b]0;title\x07', '\\x1b]0;title\\x07'],
  ['an 8-bit control', '\x9b31m', '\\x9b31m'],
  ['a carriage return that would overwrite', 'safe\rrm', 'safe\\x0drm'],
  ['a backspace', 'a\bb', 'a\\x08b'],
  ['a NUL', 'a\0b', 'a\\x00b'],
  ['a bidirectional override', 'a\u202eb', 'a\\u{202e}b'],
  ['a bidirectional isolate', 'a\u2066b', 'a\\u{2066}b'],
  ['a zero-width space', 'a\u200bb', 'a\\u{200b}b'],
  ['a byte order mark', '\ufeffa', '\\u{feff}a'],
  ['a soft hyphen', 'a\u00adb', 'a\\xadb'],
  ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
  ['a Hangul filler', 'a\u3164b', 'a\\u{3164}b'],
  ['a tag character', 'a\u{e0041}b', 'a\\u{e0041}b'],
  ['a private character', 'a\ue000b', 'a\\u{e000}b'],
  ['a lone surrogate', 'a\ud800b', 'a\\u{d800}b'],
])('makes %s visible', (_, text, escaped) => {
  expect(escapeText(text)).toBe(escaped);
});

test('leaves ordinary text of any script alone', () => {
  const text = 'plain grüße привет 日本語 العربية 😀 "quotes" \\ back\ttab\nline';
  expect(escapeText(text)).toBe(text);
});

test('reads the line ends of terminals as newlines', () => {
  expect(escapeText('a\r\nb')).toBe('a\nb');
});

test('keeps one line one line', () => {
  expect(escapeLine('a\tb\nc\r\nd')).toBe('a\\tb\\nc\\nd');
});

test('leaves no control, format or invisible character in any text, and is stable', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const escaped = escapeText(text);
      expect(escaped).not.toMatch(/(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/u);
      expect(escapeText(escaped)).toBe(escaped);
      expect(escapeLine(text)).not.toMatch(/[\n\t]/);
    }),
  );
});
