import { describe, expect, test } from 'vitest';
import type { EventBody } from '../../src/model/event.ts';
import { channelOnStage, type ChannelOnStage } from '../fixtures/slack-channel-on-stage.ts';
import { createDeliveryBench } from '../unit/conversation/deliveries/bench.ts';

const TITLES = ['one', 'two', 'three'];

const notice = (there: ChannelOnStage, title: string): EventBody => ({
  type: 'notice',
  thread: there.room,
  title,
  text: '',
  tone: 'neutral',
});

/** The real store and delivery loop before the real channel and the emulator. */
async function open() {
  const there = await channelOnStage();
  const bench = await createDeliveryBench();
  await there.bot.start(there.inbox);
  return {
    ...there,
    bench,
    deliveries: bench.start(there.bot),
    shown: () => there.slack.messages(there.channel).map(({ text }) => text.split('\n')[0]),
    /** Moves both clocks until it is so; the channel's slowly, for its calls take real time. */
    until: (done: () => boolean | Promise<boolean>) =>
      bench.until(async () => {
        there.clock.advance(5);
        return done();
      }),
    async [Symbol.asyncDispose]() {
      await bench[Symbol.asyncDispose]();
      await there[Symbol.asyncDispose]();
    },
  };
}

/** Cards that wait; of one thread only the first counts. */
const due = async ({ bench }: Awaited<ReturnType<typeof open>>) =>
  (await bench.store.dueDeliveries('slack', Number.MAX_SAFE_INTEGER, 100)).length;

describe('cards on their way to Slack', () => {
  test('stay due while the token is revoked, and are shown once when it is good again', async () => {
    await using there = await open();
    there.slack.revoke('bot', 'token_revoked');

    await there.bench.append(...TITLES.map((title) => notice(there, title)));
    await there.until(() => there.bot.health().state === 'down');
    expect(await due(there)).toBeGreaterThan(0);
    there.slack.restore();
    await there.until(() => there.shown().length === TITLES.length);
    await there.until(async () => (await due(there)) === 0);

    expect(there.shown()).toHaveLength(TITLES.length);
    expect(there.bot.health().state).toBe('up');
  });

  test('are shown once when answers are lost, refused and late', async () => {
    await using there = await open();
    there.slack.faults.next('chat.postMessage', { kind: 'drop-after' });
    there.slack.faults.next('chat.postMessage', { kind: 'status', status: 503 });
    there.slack.faults.next('chat.postMessage', { kind: 'ratelimited', retryAfterSeconds: 2 });
    there.slack.faults.next('chat.postMessage', { kind: 'hang-after' });
    there.slack.faults.next('chat.postMessage', { kind: 'garbage' });

    await there.bench.append(...TITLES.map((title) => notice(there, title)));
    await there.until(() => there.shown().length >= TITLES.length);
    await there.until(async () => (await due(there)) === 0);

    const keys = there.slack.messages(there.channel).map(({ metadata }) => metadata?.event_payload['key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(3);
    expect(there.slack.violations).toEqual([]);
  });

  test('of an archived channel are given up, and the team is told', async () => {
    await using there = await open();
    const team = there.slack.addChannel({ name: 'team', members: [there.ann] });
    there.bench.teamRooms.push({ channel: 'slack', space: '', room: team.id, thread: null });
    there.slack.archive(there.channel);

    await there.bench.append(notice(there, 'one'));
    await there.until(() => there.slack.messages(team.id).length === 1);

    expect(JSON.stringify(there.slack.messages(team.id)[0]?.blocks)).toContain('is_archived');
  });
});
