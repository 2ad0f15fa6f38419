import { describe, expect, test } from 'vitest';
import { parseLine } from '../../../../channels/terminal/parse-line.ts';

describe('parseLine', () => {
  test('takes what follows /agent as typed', () => {
    expect(parseLine('/agent exec box --  echo "a  b" ')).toEqual({
      type: 'command',
      text: 'exec box --  echo "a  b" ',
    });
  });

  test('takes a line without a slash as a command', () => {
    expect(parseLine('create box')).toEqual({ type: 'command', text: 'create box' });
    expect(parseLine('agent list')).toEqual({ type: 'command', text: 'list' });
  });

  test('reads a number as a button of the newest card, and #3 1 as one of card 3', () => {
    expect(parseLine(' 2 ')).toEqual({ type: 'button', card: null, button: 2 });
    expect(parseLine('#3 1')).toEqual({ type: 'button', card: 3, button: 1 });
  });

  test.each(['', '   ', '# a comment', '#3 is a comment too', '#'])('skips %j', (line) => {
    expect(parseLine(line)).toEqual({ type: 'nothing' });
  });

  test('switches the persona, as an admin when no role is given', () => {
    expect(parseLine('/as alice')).toEqual({ type: 'persona', persona: { id: 'alice', role: 'admin' } });
    expect(parseLine('/as bob Approver')).toEqual({
      type: 'persona',
      persona: { id: 'bob', role: 'approver' },
    });
    expect(parseLine('/as')).toEqual({ type: 'persona', persona: null });
  });

  test.each([
    ['/as alice king', '"king" is not a role', 'viewer, operator, approver, admin'],
    ['/as alice stranger', '"stranger" is not a role', 'viewer'],
    ['/as a b c', 'not "a b c"', '/as alice approver'],
    ['/as ../x', 'not "../x"', '/as alice approver'],
  ])('refuses %j with what is allowed', (line, message, hint) => {
    const intent = parseLine(line);

    expect(intent.type).toBe('invalid');
    if (intent.type !== 'invalid') return;
    expect(intent.message).toContain(message);
    expect(intent.hint).toContain(hint);
  });

  test('knows /exit and /help, and names what it does not know', () => {
    expect(parseLine('/exit')).toEqual({ type: 'exit' });
    expect(parseLine('/help exec')).toEqual({ type: 'help', topic: 'exec' });
    expect(parseLine('/agent')).toEqual({ type: 'help', topic: '' });
    expect(parseLine('/agnet list')).toEqual({ type: 'unknown', word: '/agnet' });
  });
});
