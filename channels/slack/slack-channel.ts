import type { Channel, ChannelLimits, Inbox } from '../../src/conversation/channel.ts';
import { AppError } from '../../src/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { escapeLine } from '../../src/lib/escape-text.ts';
import type { Logger } from '../../src/lib/logger.ts';
import type { ThreadRef } from '../../src/model/thread.ts';
import { createConnection } from './connection.ts';
import { createSlackHealth } from './health.ts';
import { privateRoomOf } from './identity.ts';
import { type Inbound, registerListeners } from './inbound.ts';
import { createPosts } from './posts.ts';
import { SLACK_LIMITS } from './render/limits.ts';
import { readSettings, type SlackEnvironment } from './settings.ts';
import { createUploads } from './uploads.ts';
import { createWebApi } from './web-api.ts';

export interface SlackChannelOptions {
  environment: SlackEnvironment;
  /** The groups and rooms that `airlock.yaml` gives roles by, as it is now: `slack-group:T1:S9`, `slack-channel::C1`. */
  groups: () => readonly string[];
  clock: Clock;
  log: Logger;
}

/** Below what Slack takes, so that what answers people directly (App Home, ephemerals) has its part. */
const LIMITS: ChannelLimits = {
  postsPerMinute: 200,
  postsPerRoomPerMinute: 50,
  editsPerMinute: 45,
  editIntervalMs: 2000,
  outputCharacters: SLACK_LIMITS.outputCharacters,
  codeCharacters: SLACK_LIMITS.codeCharacters,
  threads: true,
};

/** Slack, by Socket Mode or over HTTP. Throws CONFIG_INVALID for tokens of a wrong kind. Puts the parts together, and that is all. */
export function createSlackChannel(options: SlackChannelOptions): Channel {
  const { environment, clock, log } = options;
  const settings = readSettings(environment);
  const closing = new AbortController();
  const health = createSlackHealth(clock);
  const web = createWebApi({
    token: settings.botToken,
    apiUrl: settings.apiUrl,
    clock,
    log,
    closing: closing.signal,
    health,
  });
  const self = () => connection.identity();
  const posts = createPosts({ web, self });
  const uploads = createUploads({ web, self, clock, closing: closing.signal });
  let inbound: Inbound | null = null;
  let inboxInUse: Inbox | null = null;
  let starting: Promise<void> | null = null;
  let stopping: Promise<void> | null = null;

  const connection = createConnection({
    settings,
    web,
    health,
    clock,
    log,
    register(app, identity) {
      if (inboxInUse === null) return;
      inbound = registerListeners(app, {
        inbox: inboxInUse,
        web,
        self: () => identity,
        groups: options.groups,
        health,
        apiUrl: settings.apiUrl,
        clock,
        log,
      });
      inbound.start();
    },
  });

  async function stop(): Promise<void> {
    closing.abort();
    if (starting !== null) await connection.stop();
    inbound?.stop();
    health.report('connection', 'down', 'it was stopped');
  }

  /** A place without a workspace (the team's room) is of ours. Before Slack has said who we are nothing can be sent: it is not reached, or the tokens are refused. */
  function requireOurs(ref: ThreadRef): void {
    const identity = connection.identity();
    if (identity === null) {
      throw new AppError('CHANNEL_TRANSIENT', 'there is no connection to Slack yet', {
        context: { slackError: null },
      });
    }
    if (ref.channel === 'slack' && (ref.space === '' || ref.space === identity.teamId)) return;
    throw new AppError(
      'CHANNEL_PERMANENT',
      `the app is not installed in the workspace ${escapeLine(ref.space)}`,
      { hint: `it is installed in ${identity.teamId}: was SLACK_BOT_TOKEN changed?` },
    );
  }

  return {
    name: 'slack',
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
      requireOurs(ref);
      const posted = await posts.post(ref, card, key, post);
      inbound?.stirHomes();
      return posted;
    },
    async openThread(ref) {
      // The thread of a message is named by it: nothing is asked.
      requireOurs(ref.thread);
      return { ...ref.thread, thread: ref.thread.thread ?? ref.messageId };
    },
    async update(ref, card) {
      requireOurs(ref.thread);
      await posts.update(ref, card);
      inbound?.stirHomes();
    },
    async upload(ref, file, _key, upload) {
      requireOurs(ref);
      return uploads.upload(ref, file, upload);
    },
    privateRoom: privateRoomOf,
    stillIn: async (principal, groups) => (await inbound?.stillIn(principal, groups)) ?? null,
    health: health.current,
    onHealth: health.onChange,
  };
}
