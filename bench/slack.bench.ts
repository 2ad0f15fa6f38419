/** Slack: how soon a busy bot acknowledges. The platform is the emulator of the tests. */
import { fatesOf, runLoad, startCrowd } from '../test/fixtures/slack-load.ts';
import { type BenchLine, budgeted, percentile } from './bench-line.ts';
import { printLines } from './print.ts';

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

process.exitCode = printLines('Slack', await acknowledgements()) ? 0 : 1;
