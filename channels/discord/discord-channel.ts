import type { Channel, ChannelLimits, Inbox } from '../../src/conversation/channel.ts';
import { AppError } from '../../src/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { escapeLine } from '../../src/lib/escape-text.ts';
import type { Logger } from '../../src/lib/logger.ts';
import type { CommandShape } from '../../src/model/command-shape.ts';
import type { ThreadRef } from '../../src/model/thread.ts';
import { createConnection } from './client.ts';
import { openPlace, privateRoomOf } from './direct.ts';
import { createDiscordHealth } from './health.ts';
import { registerListeners } from './inbound.ts';
import { stillHeld } from './members.ts';
import { createPosts } from './posts.ts';
import { createRegistration } from './registration.ts';
import { DISCORD_LIMITS } from './render/limits.ts';
import { createRestApi } from './rest-api.ts';
import { type DiscordEnvironment, readSettings, SNOWFLAKE } from './settings.ts';
import { createThreads } from './threads.ts';
import { createUploads } from './uploads.ts';

export interface DiscordChannelOptions {
  environment: DiscordEnvironment;
  /** The roles that `airlock.yaml` names, as it is now: `discord-role:<guild>:<role>`. */
  groups: () => readonly string[];
  /** What is registered as slash commands. */
  commands: () => readonly CommandShape[];
  clock: Clock;
  log: Logger;
}

/** Discord takes five posts and five edits in five seconds for each channel and thread; the library waits where that is not enough. */
const LIMITS: ChannelLimits = {
  postsPerMinute: 300,
  postsPerRoomPerMinute: 60,
  editsPerMinute: 240,
  editIntervalMs: 2000,
  outputCharacters: DISCORD_LIMITS.outputCharacters,
  codeCharacters: DISCORD_LIMITS.codeCharacters,
  threads: true,
};

/** Discord, by the gateway. Throws CONFIG_INVALID for what is not set. Puts the parts together, and that is all. */
export function createDiscordChannel(options: DiscordChannelOptions): Channel {
  const { clock, log } = options;
  const settings = readSettings(options.environment);
  const closing = new AbortController();
  const health = createDiscordHealth(clock);
  const rest = createRestApi({
    token: settings.botToken,
    apiUrl: settings.apiUrl,
    clock,
    log,
    closing: closing.signal,
    health,
  });
  let inboxInUse: Inbox | null = null;
  let starting: Promise<void> | null = null;
  let stopping: Promise<void> | null = null;

  const registration = createRegistration({
    rest,
    settings,
    commands: options.commands,
    health,
    clock,
    log,
  });
  const connection = createConnection({
    settings,
    health,
    clock,
    log,
    register(client) {
      if (inboxInUse === null) return () => {};
      const { groups, commands } = options;
      const inbound = registerListeners(client, {
        inbox: inboxInUse,
        settings,
        groups,
        commands,
        clock,
        log,
      });
      return () => inbound.stop();
    },
    onReady: () => registration.ensure(),
  });
  const deps = { rest, botUserId: () => connection.botUserId() };
  const posts = createPosts(deps);
  const uploads = createUploads(deps);
  const threads = createThreads({ rest, clock, log });

  async function stop(): Promise<void> {
    closing.abort();
    threads.stop();
    registration.stop();
    if (starting !== null) await connection.stop();
    health.report('connection', 'down', 'it was stopped');
  }

  return {
    name: 'discord',
    limits: LIMITS,
    start(inbox) {
      inboxInUse = inbox;
      starting ??= connection.start();
      return starting;
    },
    stop() {
      stopping ??= stop();
      return stopping;
    },
    async post(ref, card, key, post) {
      requirePlace(ref);
      return posts.post(await openPlace(rest, ref), card, key, post);
    },
    async openThread(ref, card) {
      requirePlace(ref.thread);
      return threads.open(ref, card);
    },
    async update(ref, card) {
      requirePlace(ref.thread);
      await posts.update(ref, card);
      if (card.kind === 'agent') threads.rename(ref, card);
    },
    async upload(ref, file, key, upload) {
      requirePlace(ref);
      return uploads.upload(ref, file, key, upload);
    },
    privateRoom: privateRoomOf,
    stillIn: (principal, groups) => stillHeld(rest, principal, groups),
    health: health.current,
    onHealth: health.onChange,
  };
}

/** Ids stand in paths of requests: what is none would ask for something else. */
function requirePlace({ channel, room, thread }: ThreadRef): void {
  if (channel === 'discord' && SNOWFLAKE.test(room) && (thread === null || SNOWFLAKE.test(thread))) return;
  throw new AppError('CHANNEL_PERMANENT', `${escapeLine(room)} is no channel of Discord`, {
    hint: "copy the id with 'Copy Channel ID' (Advanced, Developer Mode in the settings of Discord)",
  });
}
