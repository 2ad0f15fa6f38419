import { describe, expect, test } from 'vitest';
import { checkDiscord } from '../../../../channels/discord/doctor.ts';
import { inviteLink, missingPermissions } from '../../../../channels/discord/permissions.ts';
import { registerCommands } from '../../../../channels/discord/register.ts';
import { createRestApi } from '../../../../channels/discord/rest-api.ts';
import { commandShapes } from '../../../../src/commands/shapes.ts';
import { withOverrides } from '../../../../src/config/load-config.ts';
import { type Environment, environmentSchema, policyFileSchema } from '../../../../src/config/schema.ts';
import { silentLogger } from '../../../../src/lib/logger.ts';
import { startDiscordEmulator } from '../../../emulators/discord/discord-emulator.ts';
import type { DiscordEmulator } from '../../../emulators/discord/types.ts';

const commands = commandShapes();

async function allChecks(
  discord: DiscordEmulator,
  variables: Partial<Record<keyof Environment, string | undefined>> = {},
  rooms: unknown = {},
) {
  const environment = environmentSchema.parse({
    DISCORD_BOT_TOKEN: discord.botToken,
    DISCORD_APPLICATION_ID: discord.applicationId,
    DISCORD_GUILD_ID: discord.guild.id,
    AIRLOCK_DISCORD_API_URL: discord.apiUrl,
    ...variables,
  });
  const policy = withOverrides(policyFileSchema.parse({ channels: { discord: rooms } }), environment);
  return checkDiscord({
    environment,
    rooms: policy.channels.discord,
    commands,
    clock: discord.clock,
  });
}

/** By what each check looks at. */
async function check(...parts: Parameters<typeof allChecks>) {
  return Object.fromEntries((await allChecks(...parts)).map((line) => [line.subject, line]));
}

describe('the doctor asks Discord', () => {
  test('and all is well: who the bot is, its application, server, channel and commands', async () => {
    await using discord = await startDiscordEmulator();
    const { botToken: token, apiUrl, applicationId, clock } = discord;
    const rest = createRestApi({
      token,
      apiUrl,
      clock,
      log: silentLogger,
      closing: new AbortController().signal,
    });
    await registerCommands({ rest, settings: { applicationId, guildId: discord.guild.id }, commands });
    const room = discord.addChannel({ name: 'ops' });

    const found = await check(discord, { AIRLOCK_DISCORD_CHANNEL: room });

    expect(found).toMatchObject({
      'discord bot': { status: 'ok', detail: expect.stringContaining(discord.botUserId) },
      'discord application': { status: 'ok' },
      'discord server': { status: 'ok', detail: expect.stringContaining('Emulated guild') },
      'discord channel': { status: 'ok', detail: expect.stringContaining('#ops') },
      'discord commands': { status: 'ok' },
      'discord invitation': { status: 'note', detail: expect.stringContaining(applicationId) },
    });
    expect(discord.gateway.connections).toBe(0);
    expect(discord.violations).toEqual([]);
  });

  test('and names each permission that is missing in the channel, and what it is for', async () => {
    await using discord = await startDiscordEmulator();
    const room = discord.addChannel({ permissions: ['ViewChannel', 'SendMessages', 'ReadMessageHistory'] });

    const { 'discord channel': found } = await check(discord, { AIRLOCK_DISCORD_CHANNEL: room });

    expect(found).toMatchObject({ status: 'fail', fix: expect.stringContaining('Permissions') });
    expect(found?.detail).toMatch(/Embed Links \(.+\).*Manage Threads \(.+\)/);
    expect(found?.detail).not.toContain('Send Messages (');
  });

  test('and looks at each room that the file names, once, and says what happens there', async () => {
    await using discord = await startDiscordEmulator();
    const room = discord.addChannel({ name: 'ops' });
    const approvals = discord.addChannel({ name: 'approvals', permissions: ['ViewChannel'] });

    const all = await allChecks(discord, { AIRLOCK_DISCORD_CHANNEL: room }, { approvals });

    const rooms = all.filter(({ subject }) => subject === 'discord channel');
    expect(rooms).toMatchObject([
      { status: 'ok', detail: expect.stringMatching(/#ops .+, where operators ask and notices go$/) },
      {
        status: 'fail',
        detail: expect.stringMatching(
          /#approvals .+, where approvals of the other platform are shown: .*Create Public Threads \(/,
        ),
      },
    ]);
  });

  test('and says when a room is not in the server whose commands count', async () => {
    await using discord = await startDiscordEmulator();
    const room = discord.addChannel({ name: 'ops' });

    const { 'discord channel': found } = await check(discord, {
      DISCORD_GUILD_ID: '1',
      AIRLOCK_DISCORD_CHANNEL: room,
    });

    expect(found).toMatchObject({ status: 'fail', detail: expect.stringContaining('not in the server 1') });
  });

  test('and says what is not set, not there or not registered', async () => {
    await using discord = await startDiscordEmulator();

    const found = await check(discord, { DISCORD_GUILD_ID: undefined });
    const elsewhere = await check(discord, { DISCORD_GUILD_ID: '1', AIRLOCK_DISCORD_CHANNEL: '2' });

    expect(found).toMatchObject({
      'discord server': { status: 'note' },
      'discord channel': { status: 'note' },
      'discord commands': { status: 'warn', fix: 'npm run discord:register' },
    });
    expect(elsewhere).toMatchObject({
      'discord server': { status: 'fail', fix: expect.stringContaining('oauth2/authorize') },
      'discord channel': { status: 'fail' },
    });
  });

  test('and says which of token and application is wrong', async () => {
    await using discord = await startDiscordEmulator();

    const refused = await check(discord, { DISCORD_BOT_TOKEN: 'MTIz.wrong.token' });
    const other = await check(discord, { DISCORD_APPLICATION_ID: '123' });
    const unset = await check(discord, { DISCORD_APPLICATION_ID: undefined });

    expect(refused).toMatchObject({
      'discord bot': { status: 'fail', fix: expect.stringContaining('DISCORD_BOT_TOKEN') },
      'discord invitation': { status: 'note' },
    });
    expect(JSON.stringify(refused)).not.toContain('wrong');
    expect(other).toMatchObject({
      'discord application': { status: 'fail', detail: expect.stringContaining('123') },
    });
    expect(unset).toMatchObject({ 'discord token': { status: 'fail' } });
  });
});

describe('the permissions of the bot', () => {
  const facts = { guildId: '1', userId: '9', memberRoles: ['2'], overwrites: [] };

  test('are all there for an administrator, and none without a role', () => {
    expect(missingPermissions({ ...facts, roles: [{ id: '2', permissions: '8' }] })).toEqual([]);
    expect(missingPermissions({ ...facts, roles: [{ id: '3', permissions: '8' }] })).toHaveLength(8);
  });

  test('follow the overwrites of the channel: everyone, then roles, then the bot itself', () => {
    const all =
      new URL(inviteLink({ applicationId: '5', guildId: null })).searchParams.get('permissions') ?? '';
    const roles = [{ id: '2', permissions: all }];
    const view = String(1 << 10);
    const overwrite = (id: string, allow: string, deny: string) => ({
      id,
      type: id === '9' ? 1 : 0,
      allow,
      deny,
    });

    const missing = (...overwrites: ReturnType<typeof overwrite>[]) =>
      missingPermissions({ ...facts, roles, overwrites });

    expect(missing()).toEqual([]);
    expect(missing(overwrite('1', '0', view))).toEqual(['ViewChannel']);
    expect(missing(overwrite('1', '0', view), overwrite('2', view, '0'))).toEqual([]);
    expect(missing(overwrite('2', view, '0'), overwrite('9', '0', view))).toEqual(['ViewChannel']);
    expect(missing(overwrite('3', '0', view))).toEqual([]);
  });

  test('that the invitation asks for are the least, and never those of an administrator', () => {
    const link = new URL(inviteLink({ applicationId: '5', guildId: '7' }));

    expect(link.searchParams.get('scope')).toBe('bot applications.commands');
    expect(link.searchParams.get('guild_id')).toBe('7');
    expect(BigInt(link.searchParams.get('permissions') ?? '0') & 8n).toBe(0n);
  });
});
