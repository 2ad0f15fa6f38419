import { expect, test } from 'vitest';
import {
  answersTo,
  fatesOf,
  inboxIdOf,
  RISKY_REQUESTS,
  runLoad,
  startCrowd,
} from '../fixtures/slack-load.ts';
import { textOf } from '../fixtures/slack-texts.ts';

/** Of approvals of one person that wait, by default. */
const PENDING_PER_PERSON = 5;
const EVERYTHING = 10_000;

test('a hundred requests a second: each is acknowledged in time, settled, shown and answered, inside the budgets', async () => {
  await using crowd = await startCrowd();
  const { bot, people, rooms, agents } = crowd;
  const { slack, store } = bot;

  const load = await runLoad(crowd);
  await bot.finish();

  expect(load.deliveries.filter(({ acked }) => !acked).map(inboxIdOf)).toEqual([]);
  expect(slack.violations).toEqual([]);
  expect(bot.errors).toEqual([]);

  const messages = rooms.flatMap((room) => slack.messages(room).filter(({ user }) => user === slack.botUser));
  const texts = messages.map((message) => textOf(message));
  const { taken, refused, busyAnswers } = await fatesOf(crowd, load);
  const unasked = new Set([...refused].map((delivery) => load.deliveries.indexOf(delivery)));
  const commands = [...load.commands].filter(([, at]) => !unasked.has(at)).map(([word]) => word);
  // None on a machine of today; one that cannot keep up says so to each.
  expect(refused.size).toBeLessThanOrEqual(busyAnswers);
  expect(refused.size).toBeLessThan(load.deliveries.length / 2);
  for (const word of commands) {
    const shown = texts.filter((text) => text.includes(`echo ${word}`));
    expect(shown, `the card of ${word}`).toEqual([expect.stringContaining('done, exit code 0')]);
  }
  for (const { name } of agents) {
    expect(texts.filter((text) => text.startsWith(`Agent ${name}\n`))).toHaveLength(1);
  }
  for (const user of people) {
    expect(answersTo(slack, user, load).length, `answers to ${user}`).toBeGreaterThanOrEqual(
      load.asked.get(user) ?? 0,
    );
  }

  const eager = agents.at(-1)?.owner ?? '';
  const refusals = answersTo(slack, eager, load).filter((answer) =>
    textOf(answer).includes('TOO_MANY_PENDING'),
  );
  // On a slow machine an answer that took another way may be there twice.
  expect(refusals.length).toBeGreaterThanOrEqual(RISKY_REQUESTS - PENDING_PER_PERSON);

  await bot.stop();
  for (const id of taken) {
    expect((await store.inboxEntry(id))?.settledAt, `request ${id}`).toEqual(expect.any(Number));
  }
  const pending = await store.actions({ statuses: ['PENDING'] });
  expect(pending).toHaveLength(PENDING_PER_PERSON);
  const done = await store.actions({ statuses: ['COMPLETED'], limit: EVERYTHING });
  expect(done).toHaveLength(agents.length + commands.length);
  expect(await store.openDeliveries('slack')).toEqual([]);
  expect(await store.deadDeliveries(1)).toEqual([]);
});
