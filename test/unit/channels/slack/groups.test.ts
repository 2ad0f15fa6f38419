import { describe, expect, test } from 'vitest';
import { createUserGroups } from '../../../../channels/slack/groups.ts';
import { silentLogger } from '../../../../src/lib/logger.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { createScriptedWeb, slackError, TEAM } from './inbound-world.ts';

const MINUTE_MS = 60_000;
const OPS = 'slack-group:T1:S9';

function open(named: readonly string[] = [OPS]) {
  const clock = createManualClock();
  const web = createScriptedWeb();
  const reports: unknown[][] = [];
  const file = { named };
  web.answer('usergroups.users.list', { users: ['U1'] });
  const groups = createUserGroups({
    web,
    self: () => ({ teamId: TEAM, botUserId: 'UBOT' }),
    named: () => file.named,
    health: { report: (...report) => void reports.push(report) },
    clock,
    log: silentLogger,
  });
  return { clock, web, reports, file, groups };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('user groups', () => {
  test('give a member the groups that the file names, and nobody else', async () => {
    const { groups, web } = open([
      OPS,
      'slack-group:T1:S8',
      'slack-group:T2:S9',
      'discord-role:G1:7',
      'slack-group:T1:',
    ]);
    web.answer('usergroups.users.list', (args: { usergroup: string }) => ({
      users: args.usergroup === 'S9' ? ['U1'] : ['U2'],
    }));

    expect(await groups.of(TEAM, 'U1')).toEqual([OPS]);
    expect(await groups.of(TEAM, 'U2')).toEqual(['slack-group:T1:S8']);
    expect(await groups.of(TEAM, 'U3')).toEqual([]);
    expect(await groups.of('T2', 'U1')).toEqual([]);
    expect(await groups.of(null, 'U1')).toEqual([]);
    expect(web.calls.map(({ args }) => args)).toEqual([{ usergroup: 'S9' }, { usergroup: 'S8' }]);
  });

  test('are asked once for all who ask at the same time', async () => {
    const { groups, web } = open();

    await Promise.all(Array.from({ length: 20 }, () => groups.of(TEAM, 'U1')));

    expect(web.calls).toHaveLength(1);
  });

  test('of five minutes ago count while they are asked again', async () => {
    const { groups, web, clock } = open();
    await groups.of(TEAM, 'U1');
    web.answer('usergroups.users.list', { users: [] });

    clock.advance(5 * MINUTE_MS);
    const meanwhile = await groups.of(TEAM, 'U1');
    await turn();

    expect(meanwhile).toEqual([OPS]);
    expect(await groups.of(TEAM, 'U1')).toEqual([]);
  });

  test('that cannot be asked any more give nothing after half an hour, and health says so', async () => {
    const { groups, web, clock, reports } = open();
    await groups.of(TEAM, 'U1');
    web.answer('usergroups.users.list', slackError('missing_scope', 'CHANNEL_TRANSIENT'));

    clock.advance(29 * MINUTE_MS);
    const before = await groups.of(TEAM, 'U1');
    await turn();
    const healthBefore = reports.at(-1);
    clock.advance(MINUTE_MS);
    const after = await groups.of(TEAM, 'U1');

    expect(before).toEqual([OPS]);
    expect(healthBefore).toEqual(['groups', 'up']);
    expect(after).toEqual([]);
    expect(reports.at(-1)).toEqual(['groups', 'degraded', expect.stringContaining('missing_scope')]);
  });

  test('are well again when Slack answers', async () => {
    const { groups, web, reports } = open();
    web.answer('usergroups.users.list', slackError('internal_error', 'CHANNEL_TRANSIENT'));
    await groups.of(TEAM, 'U1');
    web.answer('usergroups.users.list', { users: ['U1'] });

    const held = await groups.of(TEAM, 'U1');

    expect(held).toEqual([OPS]);
    expect(reports.map(([, state]) => state)).toEqual(['degraded', 'up']);
  });

  test('that hang keep no request waiting', async () => {
    const { groups, web, clock } = open();
    web.answer('usergroups.users.list', () => new Promise(() => {}));

    const asking = groups.of(TEAM, 'U1');
    clock.advance(800);

    expect(await asking).toEqual([]);
  });

  test('that the file names anew are asked at the next request', async () => {
    const { groups, file } = open([]);
    await groups.of(TEAM, 'U1');

    file.named = [OPS];

    expect(await groups.of(TEAM, 'U1')).toEqual([OPS]);
  });

  test('are kept fresh in the background from the start to the stop', async () => {
    const { groups, web, clock } = open();

    groups.start();
    groups.start();
    await turn();
    clock.advance(5 * MINUTE_MS);
    await turn();
    groups.stop();
    groups.stop();
    clock.advance(60 * MINUTE_MS);

    expect(web.calls).toHaveLength(2);
    expect(clock.armed).toBe(0);
  });
});

describe('whether somebody still is in a user group', () => {
  test('is told by an answer that is fresh, however old the last one was', async () => {
    const { groups, web, clock } = open();
    await groups.of(TEAM, 'U1');
    web.answer('usergroups.users.list', { users: ['U2'] });

    clock.advance(4 * MINUTE_MS);
    const cached = await groups.stillIn(TEAM, 'U1', [OPS]);
    clock.advance(MINUTE_MS);

    expect(cached).toEqual([OPS]);
    expect(await groups.stillIn(TEAM, 'U1', [OPS])).toEqual([]);
    expect(await groups.stillIn(TEAM, 'U2', [OPS])).toEqual([OPS]);
    expect(web.calls).toHaveLength(2);
  });

  test('is not known where Slack does not say, though an older answer gives roles to who asks', async () => {
    const { groups, web, clock } = open();
    await groups.of(TEAM, 'U1');
    web.answer('usergroups.users.list', slackError('ratelimited', 'CHANNEL_TRANSIENT'));

    clock.advance(5 * MINUTE_MS);

    expect(await groups.stillIn(TEAM, 'U1', [OPS])).toBeNull();
    expect(await groups.of(TEAM, 'U1')).toEqual([OPS]);
  });

  test('is not asked about groups that nobody names any more, nor for people of another workspace', async () => {
    const { groups, web } = open([]);

    expect(await groups.stillIn(TEAM, 'U1', [OPS])).toEqual([]);
    expect(await groups.stillIn('T2', 'U1', [OPS])).toEqual([]);
    expect(web.calls).toEqual([]);
  });
});
