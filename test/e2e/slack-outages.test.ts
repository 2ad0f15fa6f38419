import { expect, onTestFinished, test } from 'vitest';
import { readChannelHealth, channelHealthSetting } from '../../src/model/channel-health.ts';
import type { DeliveryRecord } from '../../src/model/delivery.ts';
import type { SlackDelivery } from '../emulators/slack/slack-emulator.ts';
import {
  answersTo,
  fatesOf,
  type Crowd,
  inboxIdOf,
  type LoadResult,
  runLoad,
  startCrowd,
} from '../fixtures/slack-load.ts';
import { textOf } from '../fixtures/slack-texts.ts';

const REQUESTS = 300;
/** Half-way: from then on there is trouble. */
const HALF = 150;
const EVERYTHING = 10_000;

async function smallCrowd(): Promise<Crowd> {
  const crowd = await startCrowd({ people: 30, rooms: 6, agents: 12 });
  onTestFinished(() => crowd[Symbol.asyncDispose]());
  return crowd;
}

const healthOf = async ({ bot: { store } }: Crowd) =>
  readChannelHealth(await store.setting(channelHealthSetting('slack')));

/** Asks for the runtimes, again where the bot says that it has no time, and waits for an answer like this; others may still come too. */
async function expectTold({ bot, people, rooms }: Crowd, words: RegExp): Promise<void> {
  const [user = ''] = people;
  const { slack } = bot;
  let earlier = 0;
  const ask = async () => {
    earlier = slack.ephemerals(user).length;
    await slack.slash({ user, channel: rooms.at(-1) ?? '', text: 'runtimes' });
  };
  await ask();
  await bot.pass(`${words} from runtimes`, async () => {
    const answers = slack.ephemerals(user).slice(earlier).map(textOf);
    if (answers.some((answer) => /RUNTIME_BUSY|NOT_SAVED/.test(answer))) await ask();
    return answers.some((answer) => words.test(answer));
  });
}

/** The bot's messages of all rooms. */
const textsOf = ({ bot: { slack }, rooms }: Crowd) =>
  rooms.flatMap((room) => slack.messages(room).filter(({ user }) => user === slack.botUser)).map(textOf);

/** What the bot wrote to one person alone. */
const directTextsOf = ({ bot: { slack } }: Crowd, user: string) =>
  slack.messages(slack.direct(user)).map(textOf);

/**
 * Every request is on record and settled, or was refused with a word; every command ran once and is shown once; everybody was
 * answered or is told that they were not; the bot kept to the platform's rules. Returns the cards that can never be shown.
 */
async function expectNothingLost(crowd: Crowd, load: LoadResult): Promise<DeliveryRecord[]> {
  const { bot, people } = crowd;
  const { slack, store } = bot;
  await bot.finish();
  expect(slack.violations).toEqual([]);
  expect(bot.errors).toEqual([]);
  const texts = textsOf(crowd);
  // What was asked and answered in private stays so.
  expect(texts.filter((text) => text.includes('was not answered'))).toEqual([]);
  for (const user of people) {
    const untold = directTextsOf(crowd, user).filter((text) => text.includes('was not answered'));
    const answers = answersTo(slack, user, load).length + untold.length;
    expect(answers, `answers to ${user}`).toBeGreaterThanOrEqual(load.asked.get(user) ?? 0);
  }
  const { taken, refused, busyAnswers } = await fatesOf(crowd, load);
  expect(refused.size).toBeLessThanOrEqual(busyAnswers);
  for (const id of taken) {
    expect((await store.inboxEntry(id))?.settledAt, `request ${id}`).toEqual(expect.any(Number));
  }
  const dead = await store.deadDeliveries(EVERYTHING);
  const unshown = new Set(dead.map(({ subject }) => ('id' in subject ? subject.id : '')));
  const actions = await store.actions({ kinds: ['agent.exec'], limit: EVERYTHING });
  for (const [word, at] of load.commands) {
    const delivery = load.deliveries[at];
    if (delivery !== undefined && refused.has(delivery)) continue;
    const [action, ...more] = actions.filter(({ payload }) => JSON.stringify(payload).includes(word));
    expect(more, `${word} ran more than once`).toEqual([]);
    expect(action?.status, `the command ${word}`).toBe('COMPLETED');
    if (unshown.has(action?.id ?? '')) continue;
    const shown = texts.filter((text) => text.includes(`echo ${word}`));
    expect(shown, `the card of ${word}`).toEqual([expect.stringContaining('done, exit code 0')]);
  }
  return dead;
}

const unacknowledged = (deliveries: readonly SlackDelivery[]) => deliveries.filter(({ acked }) => !acked);

/** As Slack does with what nobody acknowledged. */
async function sendAgain({ bot }: Crowd, missed: readonly SlackDelivery[]): Promise<SlackDelivery[]> {
  const again: SlackDelivery[] = [];
  for (const delivery of missed) again.push(await bot.slack.redeliver(delivery, { retryNum: 1 }));
  return again;
}

test('a revoked bot token in the middle of the load: told by runtimes and in the store, and nothing is lost', async () => {
  const crowd = await smallCrowd();
  const { slack } = crowd.bot;

  const load = await runLoad(crowd, {
    requests: REQUESTS,
    events: { [HALF]: () => slack.revoke('bot', 'token_revoked') },
  });
  await expectTold(crowd, /Channel slack\s+down since .*token_revoked/);
  const health = await healthOf(crowd);
  slack.restore();

  expect(unacknowledged(load.deliveries).map(inboxIdOf)).toEqual([]);
  expect(health).toMatchObject({ state: 'down', detail: expect.stringContaining('token_revoked') });
  expect(await expectNothingLost(crowd, load)).toEqual([]);
  expect(await healthOf(crowd)).toMatchObject({ state: 'up', detail: null });
  await expectTold(crowd, /Channel slack\s+up since/);
});

test('a connection that is lost, with an app token that is refused for a while: what Slack sends again is taken once', async () => {
  const crowd = await smallCrowd();
  const { bot } = crowd;
  const { slack } = bot;

  const load = await runLoad(crowd, {
    requests: REQUESTS,
    events: {
      [HALF]: () => {
        slack.revoke('app', 'token_revoked');
        slack.disconnect();
      },
    },
  });
  const health = await healthOf(crowd);
  const missed = unacknowledged(load.deliveries);
  slack.restore();
  await bot.pass('a new connection', () => slack.connections > 0);
  const again = await sendAgain(crowd, missed);

  expect(missed.length).toBeGreaterThan(REQUESTS - HALF - 20);
  expect(health).toMatchObject({ state: 'down', detail: expect.stringContaining('SLACK_APP_TOKEN') });
  expect(unacknowledged(again).map(inboxIdOf)).toEqual([]);
  expect(await expectNothingLost(crowd, load)).toEqual([]);
  await expectTold(crowd, /Channel slack\s+up since/);
});

test('connections that are cut and refreshed in the middle of the load', async () => {
  const crowd = await smallCrowd();
  const { bot } = crowd;
  const { slack } = bot;

  const load = await runLoad(crowd, {
    requests: REQUESTS,
    events: { 50: () => slack.refresh(), [HALF]: () => slack.disconnect(), 250: () => slack.refresh() },
  });
  await bot.pass('a connection', () => slack.connections > 0);
  const missed = unacknowledged(load.deliveries);
  const again = await sendAgain(crowd, missed);

  expect(unacknowledged(again).map(inboxIdOf)).toEqual([]);
  expect(await expectNothingLost(crowd, load)).toEqual([]);
  expect(await healthOf(crowd)).toMatchObject({ state: 'up' });
});

test.each([
  [
    'is archived',
    '(is_archived|is_inactive) \\(.*unarchive',
    (crowd: Crowd, room: string) => crowd.bot.slack.archive(room),
  ],
  [
    'loses the bot',
    'not_in_channel \\(invite',
    (crowd: Crowd, room: string) => crowd.bot.slack.removeBot(room),
  ],
] as const)(
  'a room that %s: its cards are given up and the team is told, all others are shown',
  async (_, reason, close) => {
    const crowd = await smallCrowd();
    const [room = ''] = crowd.rooms;

    const load = await runLoad(crowd, {
      requests: REQUESTS,
      events: {
        [HALF]: () => {
          crowd.closed.add(room);
          close(crowd, room);
        },
      },
    });
    const dead = await expectNothingLost(crowd, load);

    expect(unacknowledged(load.deliveries).map(inboxIdOf)).toEqual([]);
    expect(dead.length).toBeGreaterThan(0);
    expect(new Set(dead.map(({ thread }) => thread.room))).toEqual(new Set([room]));
    const told = textsOf(crowd).filter((text) => text.includes('could not be delivered on slack'));
    expect(told).toHaveLength(dead.length);
    for (const text of told) expect(text).toMatch(new RegExp(`${room}[^]*${reason}`));
    expect(await healthOf(crowd)).toMatchObject({ state: 'up' });
  },
);

test('a storm of refusals for going too fast, answers that are lost and errors of the platform', async () => {
  const crowd = await smallCrowd();
  const { slack } = crowd.bot;
  const methods = ['chat.postMessage', 'chat.update', 'chat.postEphemeral', 'views.open', 'views.publish'];

  const load = await runLoad(crowd, {
    requests: REQUESTS,
    events: {
      [HALF]: () => {
        for (const method of [...methods, 'response_url']) {
          slack.faults.next(method, { kind: 'ratelimited', retryAfterSeconds: 30 }, 5);
          slack.faults.next(method, { kind: 'drop-after' }, 3);
          slack.faults.next(method, { kind: 'status', status: 503 }, 3);
          slack.faults.next(method, { kind: 'drop-before' }, 3);
        }
      },
    },
  });
  expect(unacknowledged(load.deliveries).map(inboxIdOf)).toEqual([]);
  expect(await expectNothingLost(crowd, load)).toEqual([]);
  expect(await healthOf(crowd)).toMatchObject({ state: 'up' });
});
