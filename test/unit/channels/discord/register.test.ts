import { Routes } from 'discord.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { checkRegistration, registerCommands } from '../../../../channels/discord/register.ts';
import { createRestApi, type RestApi } from '../../../../channels/discord/rest-api.ts';
import { commandShapes } from '../../../../src/commands/shapes.ts';
import { silentLogger } from '../../../../src/lib/logger.ts';
import { startDiscordEmulator } from '../../../emulators/discord/discord-emulator.ts';
import type { DiscordEmulator } from '../../../emulators/discord/types.ts';

const shapes = commandShapes();
let discord: DiscordEmulator;
let rest: RestApi;
let closing: AbortController;

beforeEach(async () => {
  discord = await startDiscordEmulator();
  closing = new AbortController();
  const { botToken: token, apiUrl, clock } = discord;
  rest = createRestApi({ token, apiUrl, clock, log: silentLogger, closing: closing.signal });
});
afterEach(async () => {
  closing.abort();
  await discord.close();
  expect(discord.violations).toEqual([]);
});

const inGuild = () => ({ applicationId: discord.applicationId, guildId: discord.guild.id });
const everywhere = () => ({ applicationId: discord.applicationId, guildId: null });
const puts = () => discord.calls.filter(({ method }) => method === 'PUT');

describe.each([
  ['of a server', inGuild],
  ['of all servers', everywhere],
])('the commands %s', (_, settings) => {
  test('are registered once, and left alone while they are the same', async () => {
    const deps = { rest, settings: settings(), commands: shapes };

    expect(await checkRegistration(deps)).toBe('missing');
    expect(await registerCommands(deps)).toBe('registered');
    expect(await checkRegistration(deps)).toBe('equal');
    expect(await registerCommands(deps)).toBe('unchanged');

    expect(puts()).toHaveLength(1);
    expect(discord.commands().map(({ name }) => name)).toEqual(['agent']);
  });

  test('are registered again when one of them changed', async () => {
    const deps = { rest, settings: settings(), commands: shapes };
    await registerCommands({ ...deps, commands: shapes.slice(1) });

    expect(await checkRegistration(deps)).toBe('different');
    expect(await registerCommands(deps)).toBe('registered');
    expect(await checkRegistration(deps)).toBe('equal');
  });
});

test('commands of all servers go when they become those of one, so that nobody sees them twice', async () => {
  await registerCommands({ rest, settings: everywhere(), commands: shapes });
  await registerCommands({ rest, settings: inGuild(), commands: shapes });

  expect(discord.commands()).toHaveLength(1);
  expect(await checkRegistration({ rest, settings: everywhere(), commands: shapes })).toBe('missing');
});

test('of a server that the bot is not in are refused with what mends it', async () => {
  const settings = { ...inGuild(), guildId: '1' };

  await expect(registerCommands({ rest, settings, commands: shapes })).rejects.toMatchObject({
    code: 'CHANNEL_PERMANENT',
    hint: expect.stringMatching(/DISCORD_GUILD_ID.*invite/),
  });
});

test('what Discord keeps under other names is replaced', async () => {
  const { applicationId, guildId } = inGuild();
  const body = { type: 1, name: 'stray', description: 'An old one' };
  await rest.call(
    { method: 'POST', route: Routes.applicationGuildCommands(applicationId, guildId), body },
    z.unknown(),
  );

  await registerCommands({ rest, settings: inGuild(), commands: shapes });

  expect(discord.commands().map(({ name }) => name)).toEqual(['agent']);
});
