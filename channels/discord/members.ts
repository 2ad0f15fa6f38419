import { Routes } from 'discord.js';
import { z } from 'zod';
import type { PrincipalId } from '../../src/model/principal.ts';
import { discordCodeOf } from './errors.ts';
import type { RestApi } from './rest-api.ts';
import { SNOWFLAKE } from './settings.ts';

const UNKNOWN_MEMBER = 10007;
const memberSchema = z.object({ roles: z.array(z.string()) });

/**
 * Those of `groups` that somebody still has, asked of Discord now: roles while they have them. In which channels somebody is cannot be
 * asked, so these stay while they are in the server. Throws what the REST interface throws.
 */
export async function stillHeld(
  rest: RestApi,
  principal: PrincipalId,
  groups: readonly string[],
): Promise<readonly string[]> {
  const user = principal.slice('discord:'.length);
  const guilds = new Set(groups.map(guildOf));
  const held: string[] = [];
  for (const guild of guilds) {
    const roles = await rolesIn(rest, guild, user);
    if (roles === null) continue;
    const here = groups.filter((group) => guildOf(group) === guild);
    held.push(...here.filter((group) => !isRole(group) || roles.includes(group.split(':')[2] ?? '')));
  }
  return held;
}

const guildOf = (group: string) => group.split(':')[1] ?? '';
const isRole = (group: string) => group.startsWith('discord-role:');

/** Null for who is not in the server. */
async function rolesIn(rest: RestApi, guild: string, user: string): Promise<readonly string[] | null> {
  // Ids stand in paths of requests: what is none would ask for something else.
  if (!SNOWFLAKE.test(guild) || !SNOWFLAKE.test(user)) return null;
  try {
    const route = Routes.guildMember(guild, user);
    return (await rest.call({ method: 'GET', route }, memberSchema)).roles;
  } catch (error) {
    if (discordCodeOf(error) === UNKNOWN_MEMBER) return null;
    throw error;
  }
}
