import { expect, test } from 'vitest';
import { setDiscordStage } from '../../../fixtures/discord-stage.ts';

const MEMBER = 'GET /guilds/:guild/members/:user';

/** Somebody with a role, seen in a room. */
async function seen() {
  const stage = await setDiscordStage();
  const { discord, channel, room } = stage;
  const role = discord.addRole('approvers');
  const guild = discord.guild.id;
  const groups = [`discord-role:${guild}:${role}`, `discord-channel:${guild}:${room}`];
  const stillIn = async (user: string) => channel.stillIn?.(`discord:${user}`, groups);
  return { stage, discord, role, groups, stillIn };
}

test('Discord is asked whether somebody still has a role; the room they were seen in stays', async () => {
  const { stage, discord, role, groups, stillIn } = await seen();
  await using _ = stage;
  const user = discord.addUser({ roles: [role] });

  const before = await stillIn(user);
  discord.setRoles(user, []);

  expect(before).toEqual(groups);
  expect(await stillIn(user)).toEqual([groups[1]]);
});

test('who has left the server has nothing of it any more', async () => {
  const { stage, discord, stillIn } = await seen();
  await using _ = stage;

  expect(await stillIn(discord.addUser({ member: false }))).toEqual([]);
});

test('what Discord does not say is an error, never an empty answer', async () => {
  const { stage, discord, role, stillIn } = await seen();
  await using _ = stage;
  const user = discord.addUser({ roles: [role] });
  discord.faults.rest(MEMBER, { kind: 'error', status: 503 });

  await expect(stillIn(user)).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
});

test('groups of elsewhere ask for nothing', async () => {
  const { stage, discord } = await seen();
  await using _ = stage;

  expect(await stage.channel.stillIn?.('discord:../users', ['discord-role:../../x:1'])).toEqual([]);
  expect(discord.calls.filter(({ route }) => route === MEMBER)).toEqual([]);
});
