import { describe, expect, it } from 'vitest';
import { AGENT_NAME_PATTERN, chooseName, requireAgentName } from '../../../src/agents/names.ts';

describe('names', () => {
  it.each(['box', 'calm-otter', 'a', 'web-2', 'x'.repeat(32)])('may be %s', (name) => {
    expect(() => requireAgentName(name)).not.toThrow();
  });

  it.each(['', '-box', 'box-', 'a--b', 'Box', '2box', 'my box', 'bo\u202ex', '../x', 'x'.repeat(33)])(
    'may not be %j',
    (name) => {
      expect(() => requireAgentName(name)).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }));
    },
  );

  it('escape what they show of a bad one', () => {
    expect(() => requireAgentName('\u001b[31m')).toThrow('"\\x1b[31m" cannot be the name of an agent');
  });

  it('are chosen among the free ones, with a number when all pairs are taken', async () => {
    const free = await chooseName(async () => false);
    const numbered = await chooseName(async (name) => !/\d/.test(name));

    expect(free).toMatch(/^[a-z]+-[a-z]+$/);
    expect(numbered).toMatch(AGENT_NAME_PATTERN);
    expect(numbered).toMatch(/^[a-z]+-[a-z]+-\d+$/);
  });
});
