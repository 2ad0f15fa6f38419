import { toAppError } from '../../src/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import type { DiscordHealth } from './health.ts';
import { registerCommands, type RegisterDeps } from './register.ts';

const RETRY_MS = 60_000;

export interface RegistrationDeps extends Omit<RegisterDeps, 'commands'> {
  commands: () => RegisterDeps['commands'];
  health: Pick<DiscordHealth, 'report'>;
  clock: Clock;
  log: Logger;
}

/** The slash commands, as Discord should have them. */
export interface Registration {
  /** Looks, and registers what differs; tries again by itself while Discord cannot. Never throws. */
  ensure(): void;
  stop(): void;
}

export function createRegistration(deps: RegistrationDeps): Registration {
  const { health, clock, log } = deps;
  let retry: Disposable | null = null;
  let working = false;
  let stopped = false;

  async function work(): Promise<void> {
    try {
      const outcome = await registerCommands({ ...deps, commands: deps.commands() });
      log.info({ outcome }, 'the slash commands of Discord');
      health.report('commands', 'up');
    } catch (thrown) {
      const error = toAppError(thrown);
      if (stopped) return;
      log.warn({ reason: error.message }, 'the slash commands could not be registered');
      const detail = `the slash commands are not registered: ${error.message}; check DISCORD_APPLICATION_ID and DISCORD_GUILD_ID`;
      health.report('commands', 'degraded', detail);
      const { retryAfterMs } = error.context;
      retry = clock.after(typeof retryAfterMs === 'number' ? retryAfterMs : RETRY_MS, ensure);
    } finally {
      working = false;
    }
  }

  function ensure(): void {
    retry?.[Symbol.dispose]();
    retry = null;
    if (working || stopped) return;
    working = true;
    void work();
  }

  return {
    ensure,
    stop() {
      stopped = true;
      retry?.[Symbol.dispose]();
    },
  };
}
