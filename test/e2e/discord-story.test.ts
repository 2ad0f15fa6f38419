import { expect, test } from 'vitest';
import {
  buttonsOf,
  createDiscordWorld,
  messagesWith,
  shown,
  textOf,
  told,
  until,
} from '../fixtures/discord-world.ts';

test('on a real sandbox: creates, runs in the thread, waits for a second person, suggests, shows every state and stops', async () => {
  const world = await createDiscordWorld();
  const { discord, room, alice, bob } = world;
  const bot = await world.startBot();

  const created = await discord.command({
    user: alice,
    channel: room,
    path: ['create'],
    options: { name: 'box' },
  });
  expect(created).toMatchObject({ answered: true, ephemeral: false });
  const card = await shown(world, 'Agent box', 'RUNNING');
  const { id: thread } = await until(world, 'a thread', () => discord.threads(room)[0]);
  expect(thread).toBe(card.id);
  const exec = (command: string) =>
    discord.command({ user: alice, channel: thread, path: ['exec'], options: { command } });

  await exec('echo hello from $(uname -s) $(id -u) && true');
  const hello = await shown(world, 'hello from Linux 65534', 'done, exit code 0');
  expect(hello.channel_id).toBe(thread);

  await exec('echo danger $((6 * 7))');
  const asked = await shown(world, 'echo danger', 'waiting for approval');
  expect(asked.channel_id).toBe(thread);
  expect(textOf(asked)).not.toContain('danger 42');
  const suggested = await discord.autocomplete({
    user: bob,
    channel: thread,
    path: ['approve'],
    focused: 'id',
  });
  expect(suggested.choices).toHaveLength(1);
  expect(suggested.choices[0]?.name).toContain('agent.exec by alice');
  await discord.press({ user: alice, message: asked, label: 'Approve' });
  await told(world, alice, 'SELF_APPROVAL');
  const approved = await discord.press({ user: bob, message: asked, label: 'Approve' });
  expect(approved.answered).toBe(true);
  await told(world, bob, 'on record');
  const decided = await shown(world, 'danger 42', 'done, exit code 0');
  expect(decided.id).toBe(asked.id);
  expect(textOf(decided)).toMatch(/bob .*approved/);
  expect(buttonsOf(decided)).toEqual([]);

  await exec('seq 1 30000');
  const file = await until(world, 'the whole output', () =>
    discord.attachments.find(({ channelId }) => channelId === thread),
  );
  expect(file.text()).toBe(Array.from({ length: 30_000 }, (_, index) => `${index + 1}\n`).join(''));

  const names = await discord.autocomplete({
    user: alice,
    channel: room,
    path: ['stop'],
    options: { agent: 'bo' },
    focused: 'agent',
  });
  expect(names.choices).toMatchObject([{ value: 'box' }]);
  expect(names.choices[0]?.name).toContain('RUNNING');
  const question = await discord.press({ user: alice, message: card, label: 'Stop' });
  expect(question.modal?.title).toBe('Stop box?');
  await discord.submit({ user: alice, values: {} });
  const stopped = await shown(world, 'Agent box', 'STOPPED');
  expect(stopped.id).toBe(card.id);
  const states = ['PENDING', 'CREATING', 'RUNNING', 'STOPPING', 'STOPPED'];
  expect(states.filter((state) => textOf(stopped).includes(state))).toEqual(states);
  expect(messagesWith(world, 'Agent box')).toHaveLength(1);
  const [named] = await until(world, 'the name of the thread', () => {
    const threads = discord.threads(room);
    return threads[0]?.name.includes('STOPPED') === true && threads;
  });
  expect(named?.name).toContain('box');

  expect(await bot.stop()).toBe(0);
  expect(discord.violations).toEqual([]);
  expect(discord.pings).toEqual([]);
  expect(await world.installation.leftovers()).toEqual([]);
});
