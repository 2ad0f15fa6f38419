import { describe, expect, test } from 'vitest';
import { makeCard } from '../../../fixtures/cards.ts';
import { setDiscordStage } from '../../../fixtures/discord-stage.ts';

const FIRST = { maybePosted: false };
const PASSING = ['CREATING', 'STOPPING'];
const card = (label: string) =>
  makeCard({
    title: 'Agent box',
    state: { label, tone: PASSING.includes(label) ? 'progress' : 'success' },
  });
const RENAME = 'PATCH /channels/:channel';

async function withThread() {
  const stage = await setDiscordStage();
  await stage.start();
  const { channel, discord, place, room } = stage;
  const message = await channel.post(place, card('CREATING'), 'agent', FIRST);
  const thread = await channel.openThread(message, card('CREATING'), 'agent');
  const name = () => discord.threads(room)[0]?.name;
  const environment = {
    DISCORD_BOT_TOKEN: discord.botToken,
    DISCORD_APPLICATION_ID: discord.applicationId,
    AIRLOCK_DISCORD_API_URL: discord.apiUrl,
  };
  return {
    ...stage,
    message,
    thread,
    name,
    environment,
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

describe('the thread of an agent', () => {
  test('begins with its card and has its name and state', async () => {
    await using there = await withThread();

    expect(there.thread).toEqual({ ...there.place, thread: there.message.messageId });
    expect(there.discord.threads(there.room)).toMatchObject([
      { id: there.message.messageId, name: 'Agent box · CREATING' },
    ]);
  });

  test('is opened once, however often it is asked for', async () => {
    await using there = await withThread();

    const again = await there.channel.openThread(there.message, card('CREATING'), 'agent');
    const inside = await there.channel.post(again, card('x'), 'inside', FIRST);
    const nested = await there.channel.openThread(inside, card('x'), 'nested');

    expect(again).toEqual(there.thread);
    expect(nested).toEqual(there.thread);
    expect(there.discord.threads(there.room)).toHaveLength(1);
    expect(there.discord.violations).toEqual([]);
  });

  test('is renamed with the last of several states, twice in ten minutes and then later', async () => {
    await using there = await withThread();
    const { channel, discord, message, name } = there;

    for (const [first, second] of [
      ['A', 'B'],
      ['C', 'D'],
    ] as const) {
      await channel.update(message, card(first));
      await channel.update(message, card(second));
      discord.clock.advance(2000);
      await discord.until(() => name() === `Agent box · ${second}`);
    }
    await channel.update(message, card('E'));
    discord.clock.advance(2000);
    discord.clock.advance(60_000);
    const early = name();
    discord.clock.advance(600_000);
    await discord.until(() => name() === 'Agent box · E');

    expect(early).toBe('Agent box · D');
    expect(discord.violations).toEqual([]);
  });

  test('keeps its name while a state passes by itself, so that the one after it has one', async () => {
    await using there = await withThread();
    const { channel, discord, message, name } = there;
    const before = name();

    await channel.update(message, card('STOPPING'));
    discord.clock.advance(10_000);
    await channel.update(message, card('STOPPED'));
    const meanwhile = name();
    discord.clock.advance(2000);
    await discord.until(() => name() === 'Agent box · STOPPED');

    expect(meanwhile).toBe(before);
  });

  test('is found again after a restart, and named anew', async () => {
    await using there = await withThread();
    const { discord, message, place } = there;
    await using later = await setDiscordStage({ environment: there.environment });
    await there.channel.stop();
    await later.start();

    await later.channel.update({ thread: place, messageId: message.messageId }, card('STOPPED'));
    later.discord.clock.advance(2000);

    await discord.until(() => there.name() === 'Agent box · STOPPED');
  });

  test('is opened for what is posted, edited or named when Discord has archived it', async () => {
    await using there = await withThread();
    const { channel, discord, message, thread } = there;
    const inside = await channel.post(thread, card('x'), 'one', FIRST);
    const id = message.messageId;

    discord.archive(id, { locked: true });
    await channel.post(thread, card('x'), 'two', FIRST);
    const afterPost = discord.threads(there.room)[0]?.thread_metadata.archived;
    discord.archive(id);
    await channel.update(inside, card('edited'));
    const afterEdit = discord.threads(there.room)[0]?.thread_metadata.archived;
    discord.archive(id, { locked: true });
    await using later = await setDiscordStage({ environment: there.environment });
    await channel.stop();
    await later.start();
    await later.channel.update(message, card('STOPPED'));
    later.discord.clock.advance(2000);
    await discord.until(() => there.name() === 'Agent box · STOPPED');
    const afterName = discord.threads(there.room)[0]?.thread_metadata.archived;

    expect([afterPost, afterEdit, afterName]).toEqual([false, false, false]);
    expect(discord.messages(id)).toHaveLength(2);
    expect(discord.violations).toEqual([]);
  });

  test('that the bot may not open is refused with what mends it', async () => {
    await using stage = await setDiscordStage();
    await stage.start();
    const { channel, discord, place, room } = stage;
    const message = await channel.post(place, card('RUNNING'), 'agent', FIRST);
    discord.setPermissions(room, ['ViewChannel', 'SendMessages', 'EmbedLinks', 'ReadMessageHistory']);

    const opening = channel.openThread(message, card('RUNNING'), 'agent');

    await expect(opening).rejects.toMatchObject({
      code: 'CHANNEL_PERMANENT',
      hint: expect.stringContaining('permission'),
    });
  });

  test('that was deleted takes no post and is not named, and its card goes on', async () => {
    await using there = await withThread();
    const { channel, discord, message, thread } = there;
    discord.removeChannel(message.messageId);
    const post = channel.post(thread, card('x'), 'inside', FIRST);
    await expect(post).rejects.toMatchObject({ code: 'CHANNEL_PERMANENT', hint: expect.any(String) });

    await channel.update(message, card('RUNNING'));
    discord.clock.advance(2000);
    await there.logs('a thread was not renamed');
    await channel.update(message, card('STOPPED'));

    expect(discord.messages(there.room)).toHaveLength(1);
    expect(discord.calls.filter(({ route }) => route === RENAME)).toHaveLength(1);
  });
});
