import { expect, test } from 'vitest';
import { createPatternMatcher, patternProblem } from '../../../src/config/rule-pattern.ts';

test.each(['curl .*\\| *(ba)?sh', '(a+b)?', '[(a+)+]', 'a{2,5}', '(?<name>ab)+', '\\(a+\\)+', '(?:a|b)*'])(
  'accepts %s',
  (pattern) => {
    expect(patternProblem(pattern)).toBeNull();
  },
);

test.each(['(a+)+', '((a+))*', '(?:a*)*', '(a+){2}', '((a+)b)+', '(x(a{2,})y)*', '([a-z]+)+$'])(
  'refuses %s: a repeat inside a repeat',
  (pattern) => {
    expect(patternProblem(pattern)).toContain('repeats inside');
  },
);

test.each(['(', '[a', 'a{2,}+', '*'])('refuses %s, which is no regular expression', (pattern) => {
  expect(patternProblem(pattern)).toContain('compiles');
});

test('matches across lines, so that a line break gets around nothing', () => {
  const matches = createPatternMatcher();
  expect(matches('curl .*\\| *sh', 'curl x \\\n | sh')).toBe('match');
  expect(matches('^ls$', 'ls\nrm')).toBe('no-match');
});

test('gives up on a match that takes too long', () => {
  const matches = createPatternMatcher(20);
  expect(matches('(a|a)*b$', 'a'.repeat(64))).toBe('undecided');
  expect(matches('b', 'ab')).toBe('match');
});
