import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRedactor } from '../../../src/lib/redact.ts';

test('takes out every occurrence of every secret, whenever it was registered', () => {
  const redactor = createRedactor(['xoxb-123456']);
  redactor.register('another-secret');
  expect(redactor.scrub('a xoxb-123456 b xoxb-123456 another-secret')).toBe(
    'a [redacted] b [redacted] [redacted]',
  );
  expect(redactor.scrub('nothing here')).toBe('nothing here');
});

test('takes out a secret whole that begins with another one', () => {
  const redactor = createRedactor(['secret', 'secret-and-more']);
  expect(redactor.scrub('secret-and-more')).toBe('[redacted]');
});

test('takes out a secret as it is written in JSON and in an address', () => {
  const secret = 'pass"word\\with\nlines & more';
  const redactor = createRedactor([secret]);
  expect(redactor.scrub(JSON.stringify({ secret }))).toBe('{"secret":"[redacted]"}');
  expect(redactor.scrub(`https://host/?key=${encodeURIComponent(secret)}`)).toBe(
    'https://host/?key=[redacted]',
  );
});

test('reads a secret literally, never as a pattern', () => {
  expect(createRedactor(['.*.*.*.*']).scrub('anything')).toBe('anything');
  expect(createRedactor(['$&$&$&$&']).scrub('a $&$&$&$& b')).toBe('a [redacted] b');
});

test('ignores values too short to be secrets', () => {
  expect(createRedactor(['', 'a', 'abcde']).scrub('abcde a')).toBe('abcde a');
});

test('leaves no registered secret in any JSON line', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 6 }), fc.string(), fc.string(), (secret, before, after) => {
      const line = createRedactor([secret]).scrub(JSON.stringify({ text: `${before}${secret}${after}` }));
      fc.pre(!'[redacted]{"text":""}'.includes(secret));
      expect(line.includes(JSON.stringify(secret).slice(1, -1))).toBe(false);
    }),
  );
});
