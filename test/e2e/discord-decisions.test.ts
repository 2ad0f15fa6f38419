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

const FIRST_ANSWER = 'POST /interactions/:interaction/:token/callback';
const LOOK_UP_PLACE = 'GET /channels/:channel';

/** Alice's agent; runs a command in its thread. */
async function createAgent(world: DiscordWorld) {
  const { discord, room, alice } = world;
  await discord.command({ user: alice, channel: room, path: ['create'], options: { name: 'box' } });
  const thread = await until(world, 'a thread', () => discord.threads(room)[0]);
  await shown(world, 'Agent box', 'RUNNING');
  const exec = (command: string) =>
    discord.command({ user: alice, channel: thread.id, path: ['exec'], options: { command } });
  return { exec, thread };
}

test('two people click at the same instant, one clicks twenty times, the requester clicks: one decision, an answer to each', async () => {
  const world = await createDiscordWorld();
  const { discord, alice, bob, carol } = world;
  const bot = await world.startBot();
  const { exec } = await createAgent(world);
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
  const { exec, thread } = await createAgent(world);
  const note = (word: string) => exec(`echo ${word} | tee -a log`);
  await exec('echo danger $((20 + 22))');
  const asked = await shown(world, 'echo danger', 'waiting for approval');
  // From here on nothing reaches the thread for sure: refused, or landed with its answer lost.
  const post = 'POST /channels/:channel/messages';
  discord.faults.rest(post, { kind: 'drop', landed: true });
  discord.faults.rest(post, { kind: 'error', status: 503 }, 1000);
  discord.faults.rest('PATCH /channels/:channel/messages/:message', { kind: 'error', status: 503 }, 1000);
  await note('undelivered');
  await shown(world, 'echo undelivered');
  // On its way to its first answer: it is on disk, and nobody was told.
  discord.faults.rest(FIRST_ANSWER, { kind: 'hang', landed: false });
  const stored = note('stored');
  await until(world, 'a first answer', () => underWay(world, FIRST_ANSWER));
  // On its way to the disk: the bot asks which channel the thread is of.
  discord.faults.rest(LOOK_UP_PLACE, { kind: 'hang', landed: false });
  discord.gateway.dispatch('THREAD_DELETE', { ...thread, guild_id: discord.guild.id });
  const lost = note('lost');
  await until(world, 'a look at the thread', () => underWay(world, LOOK_UP_PLACE));
  discord.gateway.dispatch('THREAD_CREATE', { ...thread, guild_id: discord.guild.id });
  // Told that it is taken, and no more than that.
  expect(await note('told')).toMatchObject({ answered: true });

  await first.kill();
  discord.faults.clear();
  const second = await world.startBot();
  await discord.press({ user: bob, message: asked, label: 'Approve' });

  await shown(world, 'danger 42', 'done, exit code 0');
  for (const word of ['undelivered', 'stored', 'told']) {
    await until(
      world,
      `an end of ${word}`,
      () =>
        messagesWith(world, `echo ${word}`, 'exit code 0')[0] ??
        messagesWith(world, `echo ${word}`, 'unknown')[0],
    );
    expect(messagesWith(world, `echo ${word}`)).toHaveLength(1);
  }
  expect(await stored).toMatchObject({ answered: false });
  expect(await lost).toMatchObject({ answered: false });
  expect(messagesWith(world, 'echo lost')).toEqual([]);
  // Who was told that nothing came of it asks again.
  await note('lost');
  await shown(world, 'echo lost', 'done, exit code 0');
  await exec('sort log | uniq -d; grep -c lost log; echo no more');
  expect(textOf(await shown(world, 'uniq -d', 'done, exit code 0'))).toMatch(/^1\nno more$/m);
  const nonces = spokenIn(world).flatMap(({ nonce }) => (nonce === undefined ? [] : [nonce]));
  expect(nonces).toHaveLength(new Set(nonces).size);
  expect(await second.stop()).toBe(0);
  expect(discord.violations).toEqual([]);
  expect(await world.installation.leftovers()).toEqual([]);
});

/** A request of the bot that Discord keeps waiting. */
function underWay({ discord }: DiscordWorld, name: string): boolean {
  return discord.calls.some(({ route, status }) => route === name && status === null);
}

test('asked to connect anew, cut off, or with its session ended: what was pressed meanwhile is decided, at once or when it is pressed again', async () => {
  const world = await createDiscordWorld();
  const { discord, bob } = world;
  const { gateway } = discord;
  const bot = await world.startBot();
  const { exec } = await createAgent(world);
  const { identifies } = gateway;
  const disturbances = [
    { word: 'anew', back: 'resumes', disturb: () => gateway.reconnect() },
    { word: 'cut', back: 'resumes', disturb: () => gateway.close(1006) },
    { word: 'ended', back: 'identifies', disturb: () => gateway.invalidSession(false) },
  ] as const;

  for (const { word, back, disturb } of disturbances) {
    await exec(`echo danger ${word}`);
    const asked = await shown(world, `echo danger ${word}`, 'waiting for approval');
    const before = gateway[back];
    const press = () => discord.press({ user: bob, message: asked, label: 'Approve', stale: true });

    disturb();
    const click = press();

    await until(world, `the connection, ${word}`, () => gateway[back] > before);
    // Who was told that nothing came of it presses again; the first press may have been heard all the same.
    if (!(await click).answered) await press();
    await shown(world, `echo danger ${word}`, 'done, exit code 0');
    expect(messagesWith(world, `echo danger ${word}`)).toHaveLength(1);
  }

  await told(world, bob, 'on record');
  expect(gateway.identifies).toBe(identifies + 1);
  expect((await auditOf(world.installation)).filter(({ type }) => type === 'vote')).toHaveLength(3);
  expect(await bot.stop()).toBe(0);
  expect(discord.violations).toEqual([]);
  expect(await world.installation.leftovers()).toEqual([]);
});

test('Discord that is away while a command ends is told once it is back, and takes commands again', async () => {
  const world = await createDiscordWorld();
  const { discord } = world;
  const bot = await world.startBot();
  const { exec } = await createAgent(world);
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
