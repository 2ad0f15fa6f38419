import type { Readable } from 'node:stream';
import { join } from 'node:path';
import type { Config } from '../src/config/schema.ts';
import type { Channel } from '../src/conversation/channel.ts';
import { AppError } from '../src/errors.ts';
import type { Clock } from '../src/lib/clock.ts';
import type { Logger } from '../src/lib/logger.ts';
import type { Check } from '../src/model/check.ts';
import type { CommandShape } from '../src/model/command-shape.ts';
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
  /** The groups, roles and rooms of platforms that `airlock.yaml` gives roles by, as it is now: `slack-group:T1:S9`, `slack-channel::C1`. */
  groups: () => readonly string[];
  /** The commands as plain data, for platforms on which they are registered. */
  commands: () => readonly CommandShape[];
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
  slack: async ({ config: { environment }, groups, clock, log }) =>
    (await import('./slack/slack-channel.ts')).createSlackChannel({ environment, groups, clock, log }),
  discord: async ({ config: { environment }, groups, commands, clock, log }) =>
    (await import('./discord/discord-channel.ts')).createDiscordChannel({
      environment,
      groups,
      commands,
      clock,
      log,
    }),
};

type Commands = readonly CommandShape[];

/** What the doctor asks a platform, for the channels that have one. */
const CHECKS: Readonly<Record<string, (config: Config, commands: Commands) => Promise<readonly Check[]>>> = {
  slack: async ({ environment, policy }) =>
    (await import('./slack/doctor.ts')).checkSlack({ environment, rooms: policy.channels.slack }),
  discord: async ({ environment, policy }, commands) =>
    (await import('./discord/doctor.ts')).checkDiscord({
      environment,
      rooms: policy.channels.discord,
      commands,
    }),
};

/** Asks each platform that is configured. Never throws for what a platform answers. */
export async function checkChannels(config: Config, commands: Commands): Promise<Check[]> {
  const checks: Check[] = [];
  for (const name of config.channels) {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined;
    if (check !== undefined) checks.push(...(await check(config, commands)));
  }
  return checks;
}

/**
 * Registers the commands on Discord where they are not as they should be. A sentence for the operator. Throws CONFIG_INVALID for what
 * is not set, CHANNEL_PERMANENT or CHANNEL_TRANSIENT for what Discord refuses.
 */
export async function registerDiscordCommands({ environment }: Config, commands: Commands): Promise<string> {
  return (await import('./discord/register-now.ts')).registerNow({ environment, commands });
}

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
