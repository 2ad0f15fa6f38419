import { expect, test } from 'vitest';
import { makeCard } from '../../../fixtures/cards.ts';
import { setDiscordStage } from '../../../fixtures/discord-stage.ts';

const FIRST = { maybePosted: false };
const AGAIN = { maybePosted: true };

async function forAlice({ dm = true } = {}) {
  const stage = await setDiscordStage();
  const user = stage.discord.addUser({ name: 'alice', dm });
  const thread = stage.channel.privateRoom?.({ principal: `discord:${user}`, thread: stage.place });
  if (thread === undefined || thread === null) throw new Error('there is no private room');
  return { stage, ...stage, user, thread };
}

test('what is for one person alone is a direct message, and stands nowhere else', async () => {
  const { stage, discord, channel, user, thread, room } = await forAlice();
  await using _ = stage;

  await channel.post(thread, makeCard({ title: 'A request of yours was not answered' }), 'key', FIRST);

  const [message, ...others] = discord.directMessages(user);
  expect(JSON.stringify(message)).toContain('A request of yours was not answered');
  expect(others).toEqual([]);
  expect(discord.messages(room)).toEqual([]);
});

test('a direct message whose answer was lost is looked for, and edited, in the conversation', async () => {
  const { stage, discord, channel, user, thread } = await forAlice();
  await using _ = stage;
  const first = await channel.post(thread, makeCard(), 'key', FIRST);

  const again = await channel.post(thread, makeCard(), 'key', AGAIN);
  await channel.update(again, makeCard({ title: 'changed' }));

  expect(again).toEqual(first);
  expect(JSON.stringify(discord.directMessages(user))).toContain('changed');
});

test('who takes no direct messages can never be told', async () => {
  const { stage, channel, thread } = await forAlice({ dm: false });
  await using _ = stage;

  await expect(channel.post(thread, makeCard(), 'key', FIRST)).rejects.toMatchObject({
    code: 'CHANNEL_PERMANENT',
  });
});
