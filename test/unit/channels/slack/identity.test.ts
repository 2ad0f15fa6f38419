import { describe, expect, test } from 'vitest';
import { privateRoomOf, slackPrincipal, slackThread, userTeam } from '../../../../channels/slack/identity.ts';

describe('the identity of a Slack user', () => {
  test('carries the workspace of the user', () => {
    expect(slackPrincipal('T2', 'U1')).toBe('slack:T2:U1');
  });

  test('of an unknown workspace is nobody that could be listed', () => {
    expect(slackPrincipal(null, 'U1')).toBe('slack:unknown:U1');
  });

  test('is ours only when nothing names another workspace', () => {
    expect(userTeam(['T1', undefined, null, ''], 'T1')).toBe('T1');
    expect(userTeam(['T1', 'T2'], 'T1')).toBe('T2');
    expect(userTeam(['T2', 'T1'], 'T1')).toBe('T2');
    expect(userTeam([undefined, null, ''], 'T1')).toBeNull();
  });

  test('is apart from the place, which is always of the workspace that the bot is in', () => {
    expect(slackThread({ teamId: 'T1' }, 'C1', null)).toEqual({
      channel: 'slack',
      space: 'T1',
      room: 'C1',
      thread: null,
    });
  });
});

describe('where a person alone reads what we say', () => {
  const thread = { channel: 'slack', space: 'T1', room: 'C1', thread: '1700000001.000100' };

  test('is the direct messages with them', () => {
    expect(privateRoomOf({ principal: 'slack:T1:U1', thread })).toEqual({
      ...thread,
      room: 'U1',
      thread: null,
    });
  });

  test('is where they asked, when that were direct messages', () => {
    const direct = { ...thread, room: 'D1' };
    expect(privateRoomOf({ principal: 'slack:T1:U1', thread: direct })).toEqual(direct);
  });

  test.each(['slack:T2:U1', 'slack:unknown:U1'])(
    'is nowhere for %s, who is not of our workspace',
    (principal) => {
      expect(privateRoomOf({ principal, thread })).toBeNull();
    },
  );
});
