import { describe, expect, test } from 'vitest';
import { createRoomMembers } from '../../../../channels/slack/room-members.ts';
import { silentLogger } from '../../../../src/lib/logger.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { createScriptedWeb, slackError, TEAM } from './inbound-world.ts';

const MINUTE_MS = 60_000;
const TEAM_ROOM = 'slack-channel:T1:C1';

function open(named: readonly string[] = ['slack-channel::C1']) {
  const clock = createManualClock();
  const web = createScriptedWeb();
  const reports: unknown[][] = [];
  web.answer('conversations.members', { members: ['U1', 'U2'] });
  web.answer('users.info', { user: { team_id: TEAM } });
  const rooms = createRoomMembers({
    web,
    self: () => ({ teamId: TEAM, botUserId: 'UBOT' }),
    named: () => named,
    health: { report: (...report) => void reports.push(report) },
    clock,
    log: silentLogger,
  });
  const asked = (method: string) => web.calls.filter((call) => call.method === method);
  return { clock, web, reports, rooms, asked };
}

describe('rooms that give a role', () => {
  test('are told of their members, with our workspace in their name', async () => {
    const { rooms, asked } = open([
      'slack-channel::C1',
      TEAM_ROOM,
      'slack-group:T1:S1',
      'discord-channel::9',
    ]);

    expect(await rooms.of(TEAM, 'U1')).toEqual([TEAM_ROOM]);
    expect(await rooms.of(TEAM, 'U3')).toEqual([]);
    expect(asked('conversations.members').map(({ args }) => args['channel'])).toEqual(['C1']);
  });

  test('of another workspace are not asked about', async () => {
    const { rooms, asked } = open(['slack-channel:T2:C1', 'slack-channel::', 'slack-channel:T1:C1:x']);

    expect(await rooms.of(TEAM, 'U1')).toEqual([]);
    expect(asked('conversations.members')).toEqual([]);
  });

  test('that are shared give nothing to members of another workspace', async () => {
    const { rooms, web } = open();
    web.answer('users.info', ({ user }: { user: string }) => ({
      user: { team_id: user === 'U2' ? 'T2' : TEAM },
    }));

    expect(await rooms.of('T2', 'U1')).toEqual([]);
    expect(await rooms.of(null, 'U1')).toEqual([]);
    expect(await rooms.of(TEAM, 'U2')).toEqual([]);
    expect(await rooms.of(TEAM, 'U1')).toEqual([TEAM_ROOM]);
  });

  test('give nothing to whom Slack does not say the workspace of', async () => {
    const { rooms, web } = open();
    web.answer('users.info', slackError('internal_error', 'CHANNEL_TRANSIENT'));

    expect(await rooms.of(TEAM, 'U1')).toEqual([]);
  });

  test('are read page by page', async () => {
    const { rooms, web } = open();
    web.answer('conversations.members', ({ cursor }: { cursor?: string }) =>
      cursor === undefined
        ? { members: ['U1'], response_metadata: { next_cursor: 'more' } }
        : { members: ['U9'], response_metadata: { next_cursor: '' } },
    );

    expect(await rooms.of(TEAM, 'U9')).toEqual([TEAM_ROOM]);
  });

  test('that somebody left give nothing any more, and an answer of half an hour ago counts no longer', async () => {
    const { rooms, web, clock, reports } = open();
    await rooms.of(TEAM, 'U1');
    web.answer('conversations.members', slackError('channel_not_found'));

    clock.advance(29 * MINUTE_MS);
    const before = await rooms.of(TEAM, 'U1');
    clock.advance(MINUTE_MS);
    const after = await rooms.of(TEAM, 'U1');

    expect(before).toEqual([TEAM_ROOM]);
    expect(after).toEqual([]);
    expect(reports.at(-1)).toEqual(['rooms', 'degraded', expect.stringContaining('channel_not_found')]);
  });
});
