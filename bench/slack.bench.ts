/** Slack: how soon a busy bot acknowledges, and what an idle one holds. The platform is the emulator of the tests. */
import { setTimeout as wait } from 'node:timers/promises';
import { startSlackEmulator } from '../test/emulators/slack/slack-emulator.ts';
import { fatesOf, runLoad, startCrowd } from '../test/fixtures/slack-load.ts';
import { benchConfig } from './bench-config.ts';
import { type BenchLine, budgeted, percentile } from './bench-line.ts';
import { startSilentBot } from './bot-process.ts';
import { printLines } from './print.ts';

/** How often the answer is looked for. */
const ANSWER_POLL_MS = 10;

/** Bot, platform and sandboxes (in memory) share this process: what the platform takes counts too. */
async function acknowledgements(): Promise<BenchLine[]> {
  await using crowd = await startCrowd();
  const before = process.cpuUsage();
  const load = await runLoad(crowd);
  const { user, system } = process.cpuUsage(before);
  const { bot, agents } = crowd;
  const loadEndedAt = bot.clock.now();
  await bot.finish();
  const { refused } = await fatesOf(crowd, load);
  const acks = load.deliveries.map(({ ackMs }) => ackMs);
  const note = `${acks.length} requests in 10 s, ${agents.length} live agents`;
  const zero = (name: string, value: number) => budgeted({ name, value, unit: '', budget: 0 });
  return [
    { name: 'acknowledgement, p50', value: percentile(acks, 50), unit: 'ms', note },
    budgeted({ name: 'acknowledgement, p99', value: percentile(acks, 99), unit: 'ms', budget: 250, note }),
    { name: 'acknowledgement, the latest', value: Math.max(...acks), unit: 'ms' },
    zero('not acknowledged within 3 s', load.deliveries.filter(({ acked }) => !acked).length),
    zero('refused because too many were being worked on', refused.size),
    zero("calls beyond the platform's budgets, and other rules broken", bot.slack.violations.length),
    { name: 'processor time of that, platform included', value: (user + system) / 1e6, unit: 's' },
    {
      name: 'until the budgets had let every card through (the clock moved)',
      value: (bot.clock.now() - loadEndedAt) / 1000,
      unit: 's',
    },
  ];
}

async function memory(): Promise<BenchLine[]> {
  await using opened = new AsyncDisposableStack();
  const { env } = await benchConfig(opened);
  const slack = await startSlackEmulator();
  opened.defer(() => slack.close());
  const user = slack.addUser({ name: 'bench' }).id;
  const channel = slack.addChannel({ name: 'bench', members: [user] }).id;
  const bot = await startSilentBot(
    {
      ...env,
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_APP_TOKEN: slack.appToken,
      AIRLOCK_SLACK_API_URL: slack.apiUrl,
      AIRLOCK_SLACK_CHANNEL: channel,
    },
    slack.connected(),
  );
  opened.defer(() => bot.end());
  await slack.slash({ user, channel, text: 'list' });
  while (slack.ephemerals(user).length === 0) await wait(ANSWER_POLL_MS);
  return [
    budgeted({
      name: 'memory of the idle bot, Slack connected',
      value: await bot.residentMb(),
      unit: 'MB',
      budget: 220,
    }),
  ];
}

let kept = printLines('Slack', await acknowledgements());
kept = printLines('Slack, idle', await memory()) && kept;
process.exitCode = kept ? 0 : 1;
