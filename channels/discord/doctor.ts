import { Routes } from 'discord.js';
import { z } from 'zod';
import { toAppError } from '../../src/errors.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { escapeLine } from '../../src/lib/escape-text.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import type { Check } from '../../src/model/check.ts';
import type { CommandShape } from '../../src/model/command-shape.ts';
import { type ConfiguredRoom, configuredRooms, type Rooms } from '../shared/configured-rooms.ts';
import { failedCheck } from '../shared/failed-check.ts';
import { DISCORD_PERMISSIONS, inviteLink, missingPermissions } from './permissions.ts';
import { checkRegistration, type Registration } from './register.ts';
import { createRestApi, type RestApi } from './rest-api.ts';
import { type DiscordEnvironment, type DiscordSettings, readSettings } from './settings.ts';

const ROOM_SUBJECT = 'discord channel';
const PORTAL = 'https://discord.com/developers/applications';
const THREAD_TYPES: ReadonlySet<number> = new Set([10, 11, 12]);
/** Text and announcements: threads can begin there. */
const TEXT_TYPES: ReadonlySet<number> = new Set([0, 5]);

const userSchema = z.object({ id: z.string(), username: z.string().default('unknown') });
const applicationSchema = z.object({
  id: z.string(),
  name: z.string().default('unknown'),
  interactions_endpoint_url: z.string().nullish(),
});
const guildSchema = z.object({ id: z.string(), name: z.string().default('unknown') });
const channelSchema = z.object({
  id: z.string(),
  type: z.number(),
  name: z.string().nullish(),
  guild_id: z.string().nullish(),
  permission_overwrites: z
    .array(z.object({ id: z.string(), type: z.number(), allow: z.string(), deny: z.string() }))
    .default([]),
});
const rolesSchema = z.array(z.object({ id: z.string(), permissions: z.string() }));
const memberSchema = z.object({ roles: z.array(z.string()) });

export interface CheckDiscordOptions {
  environment: DiscordEnvironment;
  /** Default none. */
  rooms?: Rooms;
  commands: readonly CommandShape[];
  /** Default the system's. */
  clock?: Clock;
}

/** What Discord says about this installation, line by line. Asks only, and connects nothing. Never throws for what Discord answers. */
export async function checkDiscord(options: CheckDiscordOptions): Promise<Check[]> {
  const { environment, rooms, commands, clock = systemClock } = options;
  let settings: DiscordSettings;
  try {
    settings = readSettings(environment);
  } catch (error) {
    return [failedCheck('discord token', toAppError(error))];
  }
  const closing = new AbortController();
  const rest = createRestApi({
    token: settings.botToken,
    apiUrl: settings.apiUrl,
    clock,
    log: silentLogger,
    closing: closing.signal,
  });
  try {
    const bot = await checkBot(rest);
    // Every other answer would say the same of the token.
    if (bot.userId === null) return [bot.check, invitation(settings)];
    return [
      bot.check,
      await checkApplication(rest, settings),
      await checkServer(rest, settings),
      ...(await checkRooms({ rest, settings, userId: bot.userId }, configuredRooms(rooms))),
      await checkCommands({ rest, settings, commands }),
      invitation(settings),
    ];
  } finally {
    closing.abort();
  }
}

async function checkBot(rest: RestApi): Promise<{ check: Check; userId: string | null }> {
  const subject = 'discord bot';
  try {
    const { id, username } = await rest.call({ method: 'GET', route: Routes.user() }, userSchema);
    return { check: { subject, status: 'ok', detail: escapeLine(`${username} (${id})`) }, userId: id };
  } catch (error) {
    return { check: failedCheck(subject, toAppError(error)), userId: null };
  }
}

async function checkApplication(rest: RestApi, { applicationId }: DiscordSettings): Promise<Check> {
  const subject = 'discord application';
  try {
    const request = { method: 'GET', route: Routes.currentApplication() } as const;
    const { id, name, interactions_endpoint_url: endpoint } = await rest.call(request, applicationSchema);
    if (id !== applicationId) {
      return {
        subject,
        status: 'fail',
        detail: escapeLine(
          `DISCORD_BOT_TOKEN is of the application ${id}, DISCORD_APPLICATION_ID says ${applicationId}`,
        ),
        fix: 'take both from the same application',
      };
    }
    if (endpoint !== null && endpoint !== undefined && endpoint !== '') {
      return {
        subject,
        status: 'fail',
        detail: 'Discord sends what people do to an address of its own instead of to this bot',
        fix: `empty 'Interactions Endpoint URL' under 'General Information' on ${PORTAL}/${applicationId}`,
      };
    }
    return { subject, status: 'ok', detail: escapeLine(`${name} (${id})`) };
  } catch (error) {
    return failedCheck(subject, toAppError(error));
  }
}

async function checkServer(rest: RestApi, settings: DiscordSettings): Promise<Check> {
  const subject = 'discord server';
  const { guildId } = settings;
  if (guildId === null) {
    return {
      subject,
      status: 'note',
      detail:
        'DISCORD_GUILD_ID is not set: the commands are registered everywhere the bot is, and Discord may show a change of them late',
    };
  }
  try {
    const { name } = await rest.call({ method: 'GET', route: Routes.guild(guildId) }, guildSchema);
    return { subject, status: 'ok', detail: escapeLine(`the bot is in ${name} (${guildId})`) };
  } catch (error) {
    const check = failedCheck(subject, toAppError(error));
    return { ...check, fix: `check DISCORD_GUILD_ID, or invite the bot: ${inviteLink(settings)}` };
  }
}

interface RoomDeps {
  rest: RestApi;
  settings: DiscordSettings;
  /** The bot's own. */
  userId: string;
}

async function checkRooms(deps: RoomDeps, rooms: readonly ConfiguredRoom[]): Promise<Check[]> {
  if (rooms.length > 0) return Promise.all(rooms.map((room) => checkRoom(deps, room)));
  const detail =
    'AIRLOCK_DISCORD_CHANNEL is not set: its members would be operators, and it would get the notices';
  return [{ subject: ROOM_SUBJECT, status: 'note', detail }];
}

async function checkRoom(
  { rest, settings, userId }: RoomDeps,
  { id: room, purpose }: ConfiguredRoom,
): Promise<Check> {
  const subject = ROOM_SUBJECT;
  try {
    const channel = await rest.call({ method: 'GET', route: Routes.channel(room) }, channelSchema);
    const name = escapeLine(`#${channel.name ?? room} (${room})`);
    const guildId = channel.guild_id;
    if (guildId === null || guildId === undefined || !TEXT_TYPES.has(channel.type)) {
      const what = THREAD_TYPES.has(channel.type) ? 'a thread' : 'no text channel of a server';
      return { subject, status: 'fail', detail: `${name} is ${what}`, fix: 'name a text channel' };
    }
    if (settings.guildId !== null && guildId !== settings.guildId) {
      return {
        subject,
        status: 'fail',
        detail: `${name}, where ${purpose}, is not in the server ${settings.guildId}: nothing that is done there counts`,
        fix: 'name a channel of that server, or unset DISCORD_GUILD_ID',
      };
    }
    const roles = await rest.call({ method: 'GET', route: Routes.guildRoles(guildId) }, rolesSchema);
    const member = await rest.call(
      { method: 'GET', route: Routes.guildMember(guildId, userId) },
      memberSchema,
    );
    const missing = missingPermissions({
      guildId,
      userId,
      memberRoles: member.roles,
      roles,
      overwrites: channel.permission_overwrites,
    });
    if (missing.length === 0)
      return { subject, status: 'ok', detail: `the bot may do what it needs in ${name}, where ${purpose}` };
    return {
      subject,
      status: 'fail',
      detail: `missing in ${name}, where ${purpose}: ${missing.map((one) => `${inWords(one)} (${DISCORD_PERMISSIONS[one]})`).join('; ')}`,
      fix: "give them to the bot's role in 'Edit Channel', 'Permissions'",
    };
  } catch (error) {
    const check = failedCheck(subject, toAppError(error));
    return { ...check, detail: `${escapeLine(room)}, where ${purpose}: ${check.detail}` };
  }
}

async function checkCommands(deps: Parameters<typeof checkRegistration>[0]): Promise<Check> {
  const subject = 'discord commands';
  try {
    const registration = await checkRegistration(deps);
    const check: Check = { subject, ...REGISTRATIONS[registration] };
    return registration === 'equal' ? check : { ...check, fix: 'npm run discord:register' };
  } catch (error) {
    return failedCheck(subject, toAppError(error));
  }
}

const REGISTRATIONS: Readonly<Record<Registration, Pick<Check, 'status' | 'detail'>>> = {
  equal: { status: 'ok', detail: 'registered as they are in this version' },
  different: { status: 'warn', detail: 'of another version; the next start registers these' },
  missing: { status: 'warn', detail: 'not registered yet; the next start does it' },
};

function invitation(settings: DiscordSettings): Check {
  return { subject: 'discord invitation', status: 'note', detail: inviteLink(settings) };
}

/** `SendMessages` as Discord's settings call it. */
function inWords(permission: string): string {
  return permission.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ');
}
