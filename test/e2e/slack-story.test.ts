import { describe, expect, test } from 'vitest';
import {
  buttonsOf,
  createSlackWorld,
  messagesWith,
  messageWith,
  textOf,
  until,
} from '../fixtures/slack-world.ts';

describe.each(['socket', 'http'] as const)('Slack over %s, on a real sandbox', (over) => {
  test('creates, runs by mention, waits for a second person, shows every state and stops', async () => {
    const world = await createSlackWorld({ over });
    const { slack, people, room, alice, bob } = world;
    const bot = await world.startBot();

    const created = await people.slash({ user: alice, channel: room, text: 'create box' });
    expect(created).toMatchObject({ acked: true });
    const card = await until('a running agent', () => messageWith(world, 'Agent box', 'RUNNING'));
    const threadTs = card.ts;
    const inThread = (...texts: string[]) =>
      slack.messages(room, threadTs).find((message) => texts.every((text) => textOf(message).includes(text)));

    await people.mention({
      user: alice,
      channel: room,
      threadTs,
      text: 'echo hello from $(uname -s) $(id -u) && true',
    });
    await until('the result', () => inThread('hello from Linux 65534', 'done, exit code 0'));

    const ticking = 'for tick in 1 2 3 4 5 6; do echo tick-$tick; sleep 1; done';
    await people.mention({ user: alice, channel: room, threadTs, text: ticking });
    const live = await until('the live tail', () => inThread('tick-1', 'so far'));
    const ended = await until('its end', () => inThread('tick-6', 'done, exit code 0'));
    expect(ended.ts).toBe(live.ts);
    const edits = slack.calls.filter(
      ({ method, args }) => method === 'chat.update' && args['ts'] === live.ts,
    );
    const pauses = edits.slice(1).map(({ at }, before) => at - (edits[before]?.at ?? 0));
    expect(pauses.length).toBeGreaterThan(0);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(2000);

    await people.mention({ user: alice, channel: room, threadTs, text: 'echo danger $((6 * 7))' });
    const asked = await until('the question', () => inThread('echo danger', 'waiting for approval'));
    const approve = { channel: room, ts: asked.ts, actionId: 'airlock:approve' };
    await people.press({ user: alice, ...approve });
    await until('the refusal', () =>
      slack.ephemerals(alice).find((seen) => textOf(seen).includes('SELF_APPROVAL')),
    );
    expect(textOf(asked)).not.toContain('danger 42');
    await people.press({ user: bob, ...approve });
    await until('the receipt', () =>
      slack.ephemerals(bob).find((seen) => textOf(seen).includes('on record')),
    );
    const decided = await until('the result', () => inThread('danger 42', 'done, exit code 0'));
    expect(decided.ts).toBe(asked.ts);
    expect(textOf(decided)).toMatch(/bob .*approved/);
    expect(buttonsOf(decided).filter((id) => !id.startsWith('airlock:view'))).toEqual([]);

    await people.mention({ user: alice, channel: room, threadTs, text: 'seq 1 30000' });
    const [file] = await until('the whole output', () => {
      const files = slack.files(room, threadTs);
      return files.length > 0 && files;
    });
    expect(file?.content).toBe(Array.from({ length: 30_000 }, (_, index) => `${index + 1}\n`).join(''));

    await people.press({ user: alice, channel: room, ts: card.ts, actionId: 'airlock:stop' });
    const stopped = await until('the end', () => messageWith(world, 'Agent box', 'STOPPED'));
    expect(stopped.ts).toBe(card.ts);
    const shown = textOf(stopped);
    const states = ['PENDING', 'CREATING', 'RUNNING', 'STOPPING', 'STOPPED'];
    expect(states.filter((state) => shown.includes(state))).toEqual(states);

    expect(await bot.stop()).toBe(0);
    expect(slack.violations).toEqual([]);
    expect(await world.installation.leftovers()).toEqual([]);
  });
});

test('over HTTP a request that is forged, unsigned, replayed too late or dated into the future is refused and does nothing', async () => {
  const world = await createSlackWorld({ over: 'http' });
  const { slack, http, room, alice } = world;
  if (http === null) throw new Error('no receiver');
  const bot = await world.startBot();
  const ask = (text: string) => http.slash({ user: alice, channel: room, text });

  for (const spoilt of [
    { forged: true },
    { unsigned: true },
    { shiftMs: -6 * 60_000 },
    { shiftMs: 6 * 60_000 },
  ]) {
    http.sign(spoilt);
    const { acked, status } = await ask('create evil');
    expect({ spoilt, acked, status }).toEqual({ spoilt, acked: false, status: 401 });
  }
  http.sign();
  expect(await ask('create good')).toMatchObject({ acked: true, status: 200 });
  await until('the agent', () => messageWith(world, 'Agent good', 'RUNNING'));
  const again = await http.replay();

  expect(again.status).toBe(200);
  await ask('list');
  await until('the list', () => slack.ephemerals(alice).find((seen) => textOf(seen).includes('good')));
  expect(messagesWith(world, 'Agent good')).toHaveLength(1);
  expect(messageWith(world, 'evil')).toBeUndefined();
  expect(await bot.stop()).toBe(0);
  expect(await world.installation.leftovers()).toEqual([]);
});
