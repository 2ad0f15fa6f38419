import type { Readable } from 'node:stream';
import { join } from 'node:path';
import type { Config } from '../src/config/schema.ts';
import type { Channel } from '../src/conversation/channel.ts';
import { AppError } from '../src/errors.ts';
import type { Clock } from '../src/lib/clock.ts';
import type { Logger } from '../src/lib/logger.ts';
import type { TerminalOutput } from './terminal/screen.ts';

/** Where the terminal channel reads and writes: the process's own streams, or a test's. */
export interface TerminalEdge {
  input: Readable;
  output: TerminalOutput;
  /** Both are a terminal that understands cursor movements. */
  isTty: boolean;
  env: Readonly<Record<string, string | undefined>>;
  /** The person is done; the process should end with this code. */
  onExit(code: number): void;
}

export interface ChannelContext {
  config: Config;
  terminal: TerminalEdge;
  /** What becomes of the agents when the bot ends now, in words; null when there are none. */
  farewell: () => Promise<string | null>;
  /** The groups and roles of platforms that `airlock.yaml` gives roles to, as it is now: `slack-group:T1:S9`. */
  groups: () => readonly string[];
  clock: Clock;
  log: Logger;
}

/** One line a channel. Its code is loaded only when it is configured. */
const CHANNELS: Readonly<Record<string, (context: ChannelContext) => Promise<Channel>>> = {
  terminal: async ({ config, terminal, farewell, clock, log }) =>
    (await import('./terminal/terminal-channel.ts')).createTerminalChannel({
      ...terminal,
      farewell,
      personas: config.channels.length === 1,
      historyPath: join(config.dataDir, 'terminal-history'),
      clock,
      log,
    }),
};

/** The channels of that names, not started. Throws CONFIG_INVALID for one that Airlock does not have: never a silent other one. */
export async function createChannels(context: ChannelContext): Promise<Channel[]> {
  const factories = context.config.channels.map((name) => {
    const create = Object.hasOwn(CHANNELS, name) ? CHANNELS[name] : undefined;
    if (create !== undefined) return create;
    throw new AppError(
      'CONFIG_INVALID',
      `${name} is configured, but this version of Airlock has no ${name} channel`,
      {
        hint: `take ${name.toUpperCase()}_BOT_TOKEN out of the environment; without any token the terminal opens`,
        context: { channel: name, known: Object.keys(CHANNELS) },
      },
    );
  });
  return Promise.all(factories.map((create) => create(context)));
}
