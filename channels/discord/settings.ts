import type { Environment } from '../../src/config/schema.ts';
import { AppError } from '../../src/errors.ts';

/** The variables that this channel reads. */
export type DiscordEnvironment = Pick<
  Environment,
  | 'DISCORD_BOT_TOKEN'
  | 'DISCORD_APPLICATION_ID'
  | 'DISCORD_GUILD_ID'
  | 'AIRLOCK_DISCORD_CHANNEL'
  | 'AIRLOCK_DISCORD_API_URL'
>;

/** How this channel reaches Discord. */
export interface DiscordSettings {
  botToken: string;
  applicationId: string;
  /** Where the commands are registered; null = everywhere the bot is. */
  guildId: string | null;
  /** Without the version. */
  apiUrl: string;
}

/** Ids of Discord; they stand in paths of requests. */
export const SNOWFLAKE = /^\d{1,20}$/;

/** Throws CONFIG_INVALID for a variable that is needed and not set, or that is no id. */
export function readSettings(environment: DiscordEnvironment): DiscordSettings {
  const botToken = needed(environment, 'DISCORD_BOT_TOKEN');
  const applicationId = needed(environment, 'DISCORD_APPLICATION_ID');
  if (!SNOWFLAKE.test(applicationId)) {
    throw new AppError('CONFIG_INVALID', 'DISCORD_APPLICATION_ID is not an id (digits only)', {
      hint: WHERE.DISCORD_APPLICATION_ID,
    });
  }
  return {
    botToken,
    applicationId,
    guildId: environment.DISCORD_GUILD_ID ?? null,
    apiUrl: environment.AIRLOCK_DISCORD_API_URL.replace(/\/+$/, ''),
  };
}

const WHERE = {
  DISCORD_BOT_TOKEN: "'Bot' of the application on discord.com/developers makes one with 'Reset Token'",
  DISCORD_APPLICATION_ID:
    "it stands under 'General Information' of the application on discord.com/developers",
} as const;

function needed(environment: DiscordEnvironment, variable: keyof typeof WHERE): string {
  const value = environment[variable];
  if (value !== undefined) return value;
  throw new AppError('CONFIG_INVALID', `${variable} is not set, and the Discord channel needs it`, {
    hint: WHERE[variable],
  });
}
