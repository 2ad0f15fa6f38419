import { expect, test } from 'vitest';
import { setDiscordStage } from '../../../fixtures/discord-stage.ts';

const LIST = 'GET /applications/:application/guilds/:guild/commands';
const PUT = 'PUT /applications/:application/guilds/:guild/commands';

test('the commands are registered at the start, and not again while they are as they should be', async () => {
  await using stage = await setDiscordStage();
  const { discord } = stage;
  const puts = () => discord.calls.filter(({ route }) => route === PUT).length;

  await stage.start();
  await stage.logs('the slash commands of Discord');
  await stage.channel.stop();
  await using later = await setDiscordStage({
    environment: {
      DISCORD_BOT_TOKEN: discord.botToken,
      DISCORD_APPLICATION_ID: discord.applicationId,
      DISCORD_GUILD_ID: discord.guild.id,
      AIRLOCK_DISCORD_API_URL: discord.apiUrl,
    },
  });
  await later.start();
  await later.logs('the slash commands of Discord');

  expect(discord.commands().map(({ name }) => name)).toEqual(['agent']);
  expect(puts()).toBe(1);
});

test('a registration that fails is said and tried again', async () => {
  await using stage = await setDiscordStage();
  const { discord } = stage;
  discord.faults.rest(LIST, { kind: 'error', status: 502 });

  await stage.start();
  const failing = await stage.healthy('degraded');
  discord.clock.advance(60_000);
  const mended = await stage.healthy('up');

  expect(failing.detail).toContain('DISCORD_GUILD_ID');
  expect(mended.detail).toBeNull();
  expect(discord.commands()).toHaveLength(1);
});
