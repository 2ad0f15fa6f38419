/** What the real bot holds in memory, and how soon it answers: a process of its own, started as `npm start` does. */
import { bareNodeMb, bareNodeStartMs, startBotProcess } from './bot-process.ts';
import { benchConfig } from './bench-config.ts';
import { type BenchLine, budgeted, median } from './bench-line.ts';
import { idleMb } from './platform-memory.ts';
import { printLines } from './print.ts';

const MANY = 50;
const STARTS = 5;

async function memory(): Promise<BenchLine[]> {
  await using opened = new AsyncDisposableStack();
  const { env } = await benchConfig(opened);
  const bare = await bareNodeMb();
  const bot = await startBotProcess(env);
  opened.defer(() => bot.end());
  // At once after the start, its garbage included: V8 tidies up some seconds later.
  const idle = await bot.residentMb();
  const creates = Array.from({ length: MANY }, (_, index) => `/agent create many-${index + 1}`);
  await bot.type([...creates, '/agent list'], `${MANY} live agents`);
  const full = await bot.residentMb();
  return [
    { name: 'memory of bare Node', value: bare, unit: 'MB' },
    budgeted({ name: 'memory of the idle bot, terminal only', value: idle, unit: 'MB', budget: 100 }),
    { name: 'memory of the idle bot over bare Node', value: idle / bare, unit: 'x' },
    { name: `memory of the bot with ${MANY} idle agents`, value: full, unit: 'MB' },
    { name: 'memory per idle agent', value: ((full - idle) * 1024) / MANY, unit: 'KiB' },
  ];
}

/** One process after the other, at once after its first answer on each platform. */
async function platforms(): Promise<BenchLine[]> {
  const slack = await idleMb(['Slack']);
  const discord = await idleMb(['Discord']);
  const both = await idleMb(['Slack', 'Discord']);
  const name = 'memory of the idle bot';
  return [
    { name: `${name}, Slack connected`, value: slack, unit: 'MB' },
    { name: `${name}, Discord connected`, value: discord, unit: 'MB' },
    budgeted({ name: `${name}, Slack and Discord connected`, value: both, unit: 'MB', budget: 220 }),
  ];
}

async function starts(): Promise<BenchLine[]> {
  await using opened = new AsyncDisposableStack();
  const { env } = await benchConfig(opened);
  const first = await start(env);
  const again: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < STARTS; round += 1) {
    bare.push(await bareNodeStartMs());
    again.push(await start(env));
  }
  const node = median(bare);
  return [
    { name: 'bare Node, started and ended', value: node, unit: 'ms' },
    ratio('start to the first answer, new data directory, over bare Node', first, node),
    ratio('start to the first answer, host known, over bare Node', median(again), node),
  ];
}

async function start(env: Readonly<Record<string, string>>): Promise<number> {
  const bot = await startBotProcess(env);
  await bot.end();
  return bot.startMs;
}

function ratio(name: string, own: number, bare: number): BenchLine {
  return { name, value: own / bare, unit: 'x', note: `${own.toFixed(0)} ms` };
}

let kept = printLines('Memory', await memory());
kept = printLines('Memory on chat platforms', await platforms()) && kept;
kept = printLines('Start', await starts()) && kept;
process.exitCode = kept ? 0 : 1;
