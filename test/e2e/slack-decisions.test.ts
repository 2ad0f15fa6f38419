import { expect, test } from 'vitest';
import { auditOf } from '../fixtures/operator.ts';
import {
  createSlackWorld,
  deliveryKeys,
  messagesWith,
  messageWith,
  textOf,
  until,
} from '../fixtures/slack-world.ts';

test('two people click at the same instant, one clicks twenty times, the requester clicks: one decision, an answer to each', async () => {
  const world = await createSlackWorld();
  const { slack, room, alice, bob, carol } = world;
  const bot = await world.startBot();
  await slack.slash({ user: alice, channel: room, text: 'create box' });
  const { ts: threadTs } = await until('the agent', () => messageWith(world, 'Agent box', 'RUNNING'));
  await slack.mention({ user: alice, channel: room, threadTs, text: 'echo danger >> log; cat log' });
  const { ts } = await until('the question', () => messageWith(world, 'echo danger', 'waiting for approval'));
  const press = (user: string) => slack.press({ user, channel: room, ts, actionId: 'airlock:approve' });

  const clicks = await Promise.all([
    press(bob),
    press(carol),
    press(alice),
    ...Array.from({ length: 19 }, () => press(bob)),
  ]);

  expect(clicks.every(({ acked }) => acked)).toBe(true);
  const done = await until('the result', () => messageWith(world, 'echo danger', 'done, exit code 0'));
  // The file that the command appends to has one line: it ran once.
  expect(textOf(done).match(/^danger$/gm)).toHaveLength(1);
  await until('twenty answers', () => slack.ephemerals(bob).length >= 20);
  await until('an answer', () => slack.ephemerals(carol).length >= 1);
  await until('an answer', () => slack.ephemerals(alice).length >= 1);
  const receipts = [bob, carol].flatMap((user) =>
    slack.ephemerals(user).filter((seen) => textOf(seen).includes('is on record')),
  );
  expect(receipts).toHaveLength(1);
  const votes = (await auditOf(world.installation)).filter(({ type }) => type === 'vote');
  expect(votes).toHaveLength(1);
  expect(await bot.stop()).toBe(0);
});

test('killed with approvals pending and results undelivered: old buttons work after the restart, every result arrives once', async () => {
  const world = await createSlackWorld();
  const { slack, room, alice, bob } = world;
  const first = await world.startBot({ AIRLOCK_ON_EXIT: 'leave' });
  await slack.slash({ user: alice, channel: room, text: 'create box' });
  const { ts: threadTs } = await until('the agent', () => messageWith(world, 'Agent box', 'RUNNING'));
  const mention = (text: string) => slack.mention({ user: alice, channel: room, threadTs, text });
  await mention('echo danger $((20 + 22))');
  const { ts } = await until('the question', () => messageWith(world, 'echo danger', 'waiting for approval'));
  // From here on nothing reaches the thread for sure: refused, or landed with its answer lost.
  slack.faults.next('chat.postMessage', { kind: 'drop-after' });
  slack.faults.always('chat.update', { kind: 'status', status: 503 });
  await mention('echo undelivered $((1 + 1))');
  await until('a post without an answer', () => messageWith(world, 'echo undelivered'));
  await mention('echo later $((2 + 2))');

  await first.kill();
  slack.faults.clear();
  const second = await world.startBot();
  await slack.press({ user: bob, channel: room, ts, actionId: 'airlock:approve' });

  await until('the approved result', () => messageWith(world, 'danger 42', 'done, exit code 0'));
  for (const result of ['undelivered', 'later']) {
    await until(
      `an end of ${result}`,
      () =>
        messageWith(world, `echo ${result}`, 'exit code 0') ??
        messageWith(world, `echo ${result}`, 'unknown'),
    );
    expect(messagesWith(world, `echo ${result}`)).toHaveLength(1);
  }
  const keys = deliveryKeys(world);
  expect(new Set(keys).size).toBe(keys.length);
  expect(await second.stop()).toBe(0);
  expect(await world.installation.leftovers()).toEqual([]);
});
