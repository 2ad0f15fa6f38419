import { expect, test, vi } from 'vitest';
import { channelOnStage } from '../fixtures/slack-channel-on-stage.ts';

test('a socket whose pings are no longer answered is left for a new one within half a minute', async () => {
  // The library's pings run on real time, so this takes as long as it takes; our clock follows.
  await using there = await channelOnStage();
  const opens = () => there.slack.calls.filter(({ method }) => method === 'apps.connections.open').length;
  await there.bot.start(there.inbox);
  const startedAt = performance.now();
  const moving = setInterval(() => there.clock.advance(250), 250);

  try {
    there.slack.freeze(true);
    await vi.waitUntil(() => opens() === 2, { timeout: 60_000, interval: 100 });
    there.slack.freeze(false);
    await vi.waitUntil(() => there.bot.health().state === 'up', { timeout: 30_000 });
  } finally {
    clearInterval(moving);
  }

  expect(performance.now() - startedAt).toBeLessThan(40_000);
  expect((await there.slack.slash({ user: there.ann, channel: there.channel, text: 'list' })).acked).toBe(
    true,
  );
});
