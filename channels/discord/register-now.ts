import { systemClock } from '../../src/lib/clock.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import type { CommandShape } from '../../src/model/command-shape.ts';
import { ROOT } from './options.ts';
import { registerCommands } from './register.ts';
import { createRestApi } from './rest-api.ts';
import { type DiscordEnvironment, readSettings } from './settings.ts';

/** Registers the commands for the operator, without the bot. A sentence about it. Throws what {@link registerCommands} throws. */
export async function registerNow(options: {
  environment: DiscordEnvironment;
  commands: readonly CommandShape[];
}): Promise<string> {
  const settings = readSettings(options.environment);
  const closing = new AbortController();
  const rest = createRestApi({
    token: settings.botToken,
    apiUrl: settings.apiUrl,
    clock: systemClock,
    log: silentLogger,
    closing: closing.signal,
  });
  try {
    const outcome = await registerCommands({ rest, settings, commands: options.commands });
    const where = settings.guildId === null ? 'wherever the bot is' : `in the server ${settings.guildId}`;
    return outcome === 'unchanged'
      ? `/${ROOT} is registered ${where} as it should be: nothing was changed`
      : `/${ROOT} is registered ${where}; Discord may show it only after it was closed and opened`;
  } finally {
    closing.abort();
  }
}
