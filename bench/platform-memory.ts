import { setTimeout as wait } from 'node:timers/promises';
import { startDiscordEmulator } from '../test/emulators/discord/discord-emulator.ts';
import { startSlackEmulator } from '../test/emulators/slack/slack-emulator.ts';
import { benchConfig } from './bench-config.ts';
import { startSilentBot } from './bot-process.ts';

/** How often the answer is looked for. */
const ANSWER_POLL_MS = 10;
/** For start and connection on a busy host. */
const CONNECT_MS = 60_000;

/** A platform that the tests emulate. */
interface BenchPlatform {
  env: Record<string, string>;
  connected: Promise<void>;
  /** Asks for the list of agents, and waits for the answer. */
  ask(): Promise<void>;
}

const PLATFORMS = { Slack: openSlack, Discord: openDiscord } as const satisfies Record<
  string,
  (opened: AsyncDisposableStack) => Promise<BenchPlatform>
>;

/** What the idle bot holds that is connected to these and has answered once on each. MiB. */
export async function idleMb(names: readonly (keyof typeof PLATFORMS)[]): Promise<number> {
  await using opened = new AsyncDisposableStack();
  const { env } = await benchConfig(opened);
  const platforms = await Promise.all(names.map((name) => PLATFORMS[name](opened)));
  const bot = await startSilentBot(
    Object.assign({}, env, ...platforms.map((platform) => platform.env)),
    Promise.all(platforms.map(({ connected }) => connected)).then(() => {}),
  );
  opened.defer(() => bot.end());
  for (const platform of platforms) await platform.ask();
  return await bot.residentMb();
}

async function openSlack(opened: AsyncDisposableStack): Promise<BenchPlatform> {
  const slack = await startSlackEmulator();
  opened.defer(() => slack.close());
  const user = slack.addUser({ name: 'bench' }).id;
  const channel = slack.addChannel({ name: 'bench', members: [user] }).id;
  return {
    env: {
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_APP_TOKEN: slack.appToken,
      AIRLOCK_SLACK_API_URL: slack.apiUrl,
      AIRLOCK_SLACK_CHANNEL: channel,
    },
    connected: slack.connected(),
    async ask() {
      await slack.slash({ user, channel, text: 'list' });
      while (slack.ephemerals(user).length === 0) await wait(ANSWER_POLL_MS);
    },
  };
}

async function openDiscord(opened: AsyncDisposableStack): Promise<BenchPlatform> {
  const discord = await startDiscordEmulator();
  opened.defer(() => discord.close());
  const user = discord.addUser({ name: 'bench' });
  const channel = discord.addChannel({ name: 'bench' });
  const connected = discord.until(
    () => discord.commands().length > 0 && discord.gateway.sessions.some((session) => session.connected),
    CONNECT_MS,
  );
  return {
    env: {
      DISCORD_BOT_TOKEN: discord.botToken,
      DISCORD_APPLICATION_ID: discord.applicationId,
      DISCORD_GUILD_ID: discord.guild.id,
      AIRLOCK_DISCORD_API_URL: discord.apiUrl,
      AIRLOCK_DISCORD_CHANNEL: channel,
    },
    connected: connected.then(() => {}),
    async ask() {
      const outcome = await discord.command({ user, channel, path: ['list'] });
      await outcome.reply();
    },
  };
}
