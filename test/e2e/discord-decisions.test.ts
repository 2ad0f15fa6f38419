import { expect, test } from 'vitest';
import {
  createDiscordWorld,
  type DiscordWorld,
  messagesWith,
  shown,
  spokenIn,
  textOf,
  told,
  until,
} from '../fixtures/discord-world.ts';
import { auditOf } from '../fixtures/operator.ts';

/** A request is answered with "thinking" at once, and that is taken away when it is on disk. */
const THINKING_ENDS = 'DELETE /webhooks/:application/:token/messages/:message';

/** Alice's agent; runs a command in its thread. */
async function createAgent(world: DiscordWorld) {
  const { discord, room, alice } = world;
  await discord.command({ user: alice, channel: room, path: ['create'], options: { name: 'box' } });
  const { id: thread } = await until(world, 'a thread', () => discord.threads(room)[0]);
  await shown(world, 'Agent box', 'RUNNING');
  return (command: string) =>
    discord.command({ user: alice, channel: thread, path: ['exec'], options: { command } });
}

test('two people click at the same instant, one clicks twenty times, the requester clicks: one decision, an answer to each', async () => {
  const world = await createDiscordWorld();
  const { discord, alice, bob, carol } = world;
  const bot = await world.startBot();
  const exec = await createAgent(world);
  await exec('echo danger >> log; cat log');
  const asked = await shown(world, 'echo danger', 'waiting for approval');
  // Some of them reach the card when its buttons are gone: their screens are behind.
  const press = (user: string) => discord.press({ user, message: asked, label: 'Approve', stale: true });

  const clicks = await Promise.all([
    press(bob),
    press(carol),
    press(alice),
    ...Array.from({ length: 19 }, () => press(bob)),
  ]);

  expect(clicks.every(({ answered }) => answered)).toBe(true);
  const done = await shown(world, 'echo danger', 'done, exit code 0');
  // The file that the command appends to has one line: it ran once.
  expect(textOf(done).match(/^danger$/gm)).toHaveLength(1);
  await until(world, 'twenty answers', () => discord.ephemerals(bob).length >= 20);
  await until(world, 'an answer', () => discord.ephemerals(carol).length >= 1);
  await until(world, 'an answer', () => discord.ephemerals(alice).length >= 1);
  const receipts = [bob, carol].flatMap((user) =>
    discord.ephemerals(user).filter((seen) => textOf(seen).includes('is on record')),
  );
  expect(receipts).toHaveLength(1);
  const votes = (await auditOf(world.installation)).filter(({ type }) => type === 'vote');
  expect(votes).toHaveLength(1);
  expect(await bot.stop()).toBe(0);
  expect(discord.violations).toEqual([]);
});

test('killed with approvals pending and results undelivered: old buttons work after the restart, every result arrives once', async () => {
  const world = await createDiscordWorld();
  const { discord, bob } = world;
  const first = await world.startBot({ AIRLOCK_ON_EXIT: 'leave' });
  const exec = await createAgent(world);
  await exec('echo danger $((20 + 22))');
  const asked = await shown(world, 'echo danger', 'waiting for approval');
  // From here on nothing reaches the thread for sure: refused, or landed with its answer lost.
  const post = 'POST /channels/:channel/messages';
  discord.faults.rest(post, { kind: 'drop', landed: true });
  discord.faults.rest(post, { kind: 'error', status: 503 }, 1000);
  discord.faults.rest('PATCH /channels/:channel/messages/:message', { kind: 'error', status: 503 }, 1000);
  await exec('echo undelivered $((1 + 1))');
  await shown(world, 'echo undelivered');
  await exec('echo later $((2 + 2))');
  await until(
    world,
    'all four requests on disk',
    () => discord.calls.filter(({ route, status }) => route === THINKING_ENDS && status === 204).length === 4,
  );

  await first.kill();
  discord.faults.clear();
  const second = await world.startBot();
  await discord.press({ user: bob, message: asked, label: 'Approve' });

  await shown(world, 'danger 42', 'done, exit code 0');
  for (const result of ['undelivered', 'later']) {
    await until(
      world,
      `an end of ${result}`,
      () =>
        messagesWith(world, `echo ${result}`, 'exit code 0')[0] ??
        messagesWith(world, `echo ${result}`, 'unknown')[0],
    );
    expect(messagesWith(world, `echo ${result}`)).toHaveLength(1);
  }
  const nonces = spokenIn(world).flatMap(({ nonce }) => (nonce === undefined ? [] : [nonce]));
  expect(nonces).toHaveLength(new Set(nonces).size);
  expect(await second.stop()).toBe(0);
  expect(discord.violations).toEqual([]);
  expect(await world.installation.leftovers()).toEqual([]);
});

test.each([
  ['asked to connect anew', (world: DiscordWorld) => world.discord.gateway.reconnect()],
  ['cut off', (world: DiscordWorld) => world.discord.gateway.close(1006)],
])(
  '%s, it resumes its session: what was pressed meanwhile is decided, and nothing is asked twice',
  async (_, disturb) => {
    const world = await createDiscordWorld();
    const { discord, bob } = world;
    const bot = await world.startBot();
    const exec = await createAgent(world);
    await exec('echo danger $((20 + 22))');
    const asked = await shown(world, 'echo danger', 'waiting for approval');
    const { identifies, resumes } = discord.gateway;

    disturb(world);
    const click = discord.press({ user: bob, message: asked, label: 'Approve' });

    await until(world, 'a resumption', () => discord.gateway.resumes > resumes);
    const { answered } = await click;
    // Who was told that nothing came of it presses again.
    if (!answered) await discord.press({ user: bob, message: asked, label: 'Approve' });
    await told(world, bob, 'on record');
    await shown(world, 'danger 42', 'done, exit code 0');
    expect(discord.gateway.identifies).toBe(identifies);
    expect(messagesWith(world, 'echo danger')).toHaveLength(1);
    await exec('echo still here');
    await shown(world, 'still here', 'done, exit code 0');
    expect(await bot.stop()).toBe(0);
    expect(discord.violations).toEqual([]);
    expect(await world.installation.leftovers()).toEqual([]);
  },
);

test('a session that Discord has ended is replaced by a new one, and buttons of before still work', async () => {
  const world = await createDiscordWorld();
  const { discord, bob } = world;
  const bot = await world.startBot();
  const exec = await createAgent(world);
  await exec('echo danger $((20 + 22))');
  const asked = await shown(world, 'echo danger', 'waiting for approval');
  const { identifies } = discord.gateway;

  discord.gateway.invalidSession(false);

  await until(world, 'a new session', () => discord.gateway.identifies > identifies);
  await discord.press({ user: bob, message: asked, label: 'Approve' });
  await shown(world, 'danger 42', 'done, exit code 0');
  expect(await bot.stop()).toBe(0);
  expect(discord.violations).toEqual([]);
});

test('Discord that is away while a command ends is told once it is back, and takes commands again', async () => {
  const world = await createDiscordWorld();
  const { discord } = world;
  const bot = await world.startBot();
  const exec = await createAgent(world);
  const outOfOrder = () => discord.calls.filter(({ status }) => status === 503).length;

  await exec('sleep 2; echo late');
  discord.gateway.accepting = false;
  discord.gateway.close(1006);
  discord.faults.rest('*', { kind: 'error', status: 503 }, 1000);
  await until(world, 'a post that is refused', () => outOfOrder() > 0);
  expect(messagesWith(world, 'echo late', 'exit code 0')).toEqual([]);
  discord.faults.clear();
  discord.gateway.accepting = true;

  await shown(world, 'echo late', 'done, exit code 0');
  expect(messagesWith(world, 'echo late')).toHaveLength(1);
  await until(world, 'a connection', () => discord.gateway.sessions.some(({ connected }) => connected));
  await exec('echo still here');
  await shown(world, 'still here', 'done, exit code 0');
  expect(await bot.stop()).toBe(0);
  expect(discord.violations).toEqual([]);
  expect(await world.installation.leftovers()).toEqual([]);
});
