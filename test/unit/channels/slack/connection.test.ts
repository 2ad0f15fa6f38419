import { describe, expect, test, vi } from 'vitest';
import { createLogger } from '../../../../src/lib/logger.ts';
import { createRedactor } from '../../../../src/lib/redact.ts';
import { makeCard } from '../../../fixtures/cards.ts';
import { channelOnStage, type ChannelOnStage } from '../../../fixtures/slack-channel-on-stage.ts';

const opens = ({ slack }: ChannelOnStage) =>
  slack.calls.filter(({ method }) => method === 'apps.connections.open').length;

const said = async (there: ChannelOnStage, state: string) => {
  await vi.waitUntil(() => there.bot.health().state === state);
};

/** A command comes in: the way in works. */
async function takesCommands(there: ChannelOnStage): Promise<void> {
  const before = there.inbox.requests.length;
  const delivery = await there.slack.slash({ user: there.ann, channel: there.channel, text: 'list' });
  expect(delivery.acked).toBe(true);
  await there.inbox.received(before + 1);
}

describe('the connection to Slack', () => {
  test('is up after the start and gone after the stop', async () => {
    await using there = await channelOnStage();

    await there.bot.start(there.inbox);
    expect(there.bot.health()).toMatchObject({ state: 'up', detail: null });
    await takesCommands(there);
    await there.bot.stop();
    await there.slack.disconnected();

    expect(there.bot.health().state).toBe('down');
    expect(there.clock.armed).toBeLessThanOrEqual(10);
  });

  test('is opened anew at a refresh while the old socket is still there, and nothing is said of it', async () => {
    await using there = await channelOnStage();
    await there.bot.start(there.inbox);
    const changes: string[] = [];
    using _listening = there.bot.onHealth(({ state }) => changes.push(state));

    const both = there.slack.connected(2);
    there.slack.refresh();
    await both;
    await vi.waitUntil(() => there.slack.connections === 1);
    await takesCommands(there);

    expect(changes).toEqual([]);
    expect(opens(there)).toBe(2);
    expect(there.slack.violations).toEqual([]);
  });

  test('is opened again at once when it is lost', async () => {
    await using there = await channelOnStage();
    await there.bot.start(there.inbox);
    there.clock.advance(60_000);

    there.slack.disconnect();
    await there.asked('apps.connections.open', 2);
    await said(there, 'up');

    await takesCommands(there);
  });

  test('starts while Slack cannot be reached, says so, and comes up with growing pauses', async () => {
    await using there = await channelOnStage();
    there.slack.online(false);

    await there.bot.start(there.inbox);
    expect(there.bot.health().state).toBe('down');
    expect(there.bot.health().detail).toContain('trying again');
    const posting = there.bot.post(there.room, makeCard(), 'k', {
      maybePosted: false,
    });
    await expect(posting).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
    there.slack.online(true);
    there.clock.advance(1999);
    expect(there.slack.calls).toEqual([]);
    there.clock.advance(1);
    await said(there, 'up');

    await takesCommands(there);
  });

  test('waits twice as long after every failure, half a minute at most', async () => {
    const waits: unknown[] = [];
    const log = createLogger({
      redactor: createRedactor(),
      write: (line) => {
        const { msg, waitMs } = JSON.parse(line) as { msg: string; waitMs: unknown };
        if (msg === 'no connection to Slack') waits.push(waitMs);
      },
    });
    await using there = await channelOnStage({ log });
    there.slack.faults.always('apps.connections.open', { kind: 'status', status: 503 });
    await there.bot.start(there.inbox);

    for (const [failed, waitMs] of [2000, 4000, 8000, 16_000, 30_000].entries()) {
      await vi.waitUntil(() => waits.length === failed + 1);
      there.clock.advance(waitMs);
    }
    await vi.waitUntil(() => waits.length === 6);

    expect(waits).toEqual([2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  test('waits as long as Slack says when it may open no socket now', async () => {
    await using there = await channelOnStage();
    there.slack.faults.next('apps.connections.open', { kind: 'ratelimited', retryAfterSeconds: 45 });
    await there.bot.start(there.inbox);

    there.clock.advance(44_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(opens(there)).toBe(1);
    there.clock.advance(1000);

    await said(there, 'up');
  });

  test.each(['invalid_auth', 'account_inactive', 'token_revoked', 'not_authed', 'missing_scope'])(
    'a start with a bot token that is %s fails and says what to do',
    async (word) => {
      await using there = await channelOnStage();
      there.slack.revoke('bot', word);

      await expect(there.bot.start(there.inbox)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: `Slack refuses SLACK_BOT_TOKEN: ${word}`,
        hint: expect.stringContaining('xoxb-'),
      });
    },
  );

  test('a start with an app token that is refused fails and says what to do', async () => {
    await using there = await channelOnStage();
    there.slack.revoke('app', 'invalid_auth');

    await expect(there.bot.start(there.inbox)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'Slack refuses SLACK_APP_TOKEN: invalid_auth',
      hint: expect.stringContaining('connections:write'),
    });
  });

  test('an app token revoked later is down with what to do, and used again within a minute when it is good', async () => {
    await using there = await channelOnStage();
    await there.bot.start(there.inbox);
    there.clock.advance(60_000);

    there.slack.revoke('app', 'token_revoked');
    there.slack.disconnect();
    await there.asked('apps.connections.open', 2);
    await vi.waitUntil(() => there.bot.health().detail?.includes('SLACK_APP_TOKEN') === true);
    expect(there.bot.health()).toMatchObject({
      state: 'down',
      detail: expect.stringMatching(/trying again every minute$/),
    });
    there.slack.restore();
    await new Promise((resolve) => setImmediate(resolve));
    there.clock.advance(59_000);
    expect(opens(there)).toBe(2);
    there.clock.advance(1000);

    await said(there, 'up');
  });

  test('when ten others hold the sockets it is down, and tries on', async () => {
    await using there = await channelOnStage({ budgets: { 'apps.connections.open': 1000 } });
    const sockets: WebSocket[] = [];
    for (let number = 1; number <= 10; number += 1) {
      const response = await fetch(`${there.slack.apiUrl}apps.connections.open`, {
        method: 'POST',
        headers: { authorization: `Bearer ${there.slack.appToken}` },
      });
      const { url } = (await response.json()) as { url: string };
      sockets.push(new WebSocket(url));
    }
    await there.slack.connected(10);

    await there.bot.start(there.inbox);
    expect(there.bot.health()).toMatchObject({
      state: 'down',
      detail: expect.stringContaining('too_many_websockets'),
    });
    sockets[0]?.close();
    await vi.waitUntil(() => there.slack.connections === 9);
    there.clock.advance(2000);

    await said(there, 'up');
    for (const socket of sockets) socket.close();
  });

  test('a stop in the middle of a start leaves no socket', async () => {
    await using there = await channelOnStage();

    const starting = there.bot.start(there.inbox);
    await there.asked('auth.test', 1);
    await there.bot.stop();
    await starting;

    await there.slack.disconnected();
    expect(there.slack.connections).toBe(0);
  });

  test('a stop does not wait for a Slack that hangs', async () => {
    await using there = await channelOnStage();
    there.slack.faults.always('apps.connections.open', { kind: 'hang' });

    const starting = there.bot.start(there.inbox);
    await there.asked('apps.connections.open', 1);
    await there.bot.stop();

    await starting;
    expect(there.bot.health().state).toBe('down');
  });
});
