import { Routes } from 'discord.js';
import { z } from 'zod';
import { AppError } from '../../src/errors.ts';
import { canonicalJson, sha256Hex } from '../../src/lib/canonical-json.ts';
import type { CommandShape } from '../../src/model/command-shape.ts';
import { discordCodeOf } from './errors.ts';
import { defineCommands } from './options.ts';
import type { RestApi } from './rest-api.ts';
import type { DiscordSettings } from './settings.ts';

const MISSING_ACCESS = 50001;

export interface RegisterDeps {
  rest: Pick<RestApi, 'call'>;
  settings: Pick<DiscordSettings, 'applicationId' | 'guildId'>;
  commands: readonly CommandShape[];
}

/** How what Discord keeps compares with what this version has. */
export type Registration = 'equal' | 'different' | 'missing';

/** What counts of a definition. Discord fills in what was left out, so that is left out here. */
const optionSchema = z.object({
  type: z.number(),
  name: z.string(),
  description: z.string(),
  required: z.boolean().nullish(),
  autocomplete: z.boolean().nullish(),
  max_length: z.number().nullish(),
  min_length: z.number().nullish(),
  min_value: z.number().nullish(),
  choices: z.array(z.object({ name: z.string(), value: z.union([z.string(), z.number()]) })).nullish(),
  get options() {
    return z.array(optionSchema).nullish();
  },
});
const definitionSchema = z.object({
  type: z.number().default(1),
  name: z.string(),
  description: z.string(),
  default_member_permissions: z.string().nullish(),
  contexts: z.array(z.number()).nullish(),
  options: z.array(optionSchema).nullish(),
});
type Known = z.output<typeof definitionSchema>;
const listSchema = z.array(z.unknown());

/** Asks Discord what is registered. Throws what {@link RestApi.call} throws. */
export async function checkRegistration({ rest, settings, commands }: RegisterDeps): Promise<Registration> {
  const known = await registered(rest, settings);
  if (known.length === 0) return 'missing';
  const definition = defineCommands(commands, settings.guildId === null ? 'global' : 'guild');
  const [only] = known;
  return known.length === 1 && hashOf(only) === hashOf(definition) ? 'equal' : 'different';
}

/**
 * Registers the commands where they are not as they should be: Discord lets a command be created 200 times a day, and shows a new one
 * of the whole platform late. Takes what an earlier setting registered everywhere away once they are one server's, for else
 * everybody would see each twice. Throws what {@link RestApi.call} throws.
 */
export async function registerCommands(deps: RegisterDeps): Promise<'registered' | 'unchanged'> {
  const { rest, settings, commands } = deps;
  const { applicationId, guildId } = settings;
  if (guildId !== null) await removeGlobal(deps, applicationId);
  if ((await checkRegistration(deps)) === 'equal') return 'unchanged';
  const body = [defineCommands(commands, guildId === null ? 'global' : 'guild')];
  await rest.call({ method: 'PUT', route: routeOf(settings), body }, listSchema);
  return 'registered';
}

/** To a bot that is not in the server, or was invited without the commands, Discord says no more than that it has no access. */
async function registered(
  rest: RegisterDeps['rest'],
  settings: RegisterDeps['settings'],
): Promise<unknown[]> {
  try {
    return await rest.call({ method: 'GET', route: routeOf(settings) }, listSchema);
  } catch (error) {
    if (!(error instanceof AppError) || discordCodeOf(error) !== MISSING_ACCESS) throw error;
    throw new AppError(error.code, error.message, {
      hint: "check DISCORD_GUILD_ID, or invite the bot: 'npm run airlock -- doctor' prints the link",
      context: error.context,
      cause: error,
    });
  }
}

async function removeGlobal({ rest }: RegisterDeps, applicationId: string): Promise<void> {
  const route = routeOf({ applicationId, guildId: null });
  const known = await rest.call({ method: 'GET', route }, listSchema);
  if (known.length > 0) await rest.call({ method: 'PUT', route, body: [] }, listSchema);
}

function routeOf({ applicationId, guildId }: RegisterDeps['settings']): `/${string}` {
  return guildId === null
    ? Routes.applicationCommands(applicationId)
    : Routes.applicationGuildCommands(applicationId, guildId);
}

/** Null for what is no slash command. */
function hashOf(definition: unknown): string | null {
  const parsed = definitionSchema.safeParse(definition);
  return parsed.success ? sha256Hex(canonicalJson(withoutDefaults(parsed.data))) : null;
}

function withoutDefaults({ options, contexts, ...rest }: Known): object {
  return {
    ...rest,
    // Discord keeps them of commands that are registered everywhere only.
    contexts: contexts ?? [],
    default_member_permissions: rest.default_member_permissions ?? null,
    options: (options ?? []).map(optionWithoutDefaults),
  };
}

function optionWithoutDefaults(option: z.output<typeof optionSchema>): object {
  return {
    type: option.type,
    name: option.name,
    description: option.description,
    required: option.required ?? false,
    autocomplete: option.autocomplete ?? false,
    maxLength: option.max_length ?? null,
    minLength: option.min_length ?? null,
    minValue: option.min_value ?? null,
    choices: option.choices ?? [],
    options: (option.options ?? []).map(optionWithoutDefaults),
  };
}
