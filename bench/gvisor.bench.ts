/** Airlock's own cost on real gVisor, as ratios against bare runsc in the same run. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { systemClock } from '../src/lib/clock.ts';
import { CONTAINER_ID_PATTERN } from '../src/lib/ids.ts';
import { silentLogger } from '../src/lib/logger.ts';
import { createGvisorDriver } from '../src/sandboxes/gvisor/driver.ts';
import { findRunsc } from '../src/sandboxes/gvisor/find-binary.ts';
import { bareRunsc } from './bare-runsc.ts';
import { type BenchBot, startBenchBot } from './bench-bot.ts';
import { type BenchLine, budgeted, median } from './bench-line.ts';
import { printLines } from './print.ts';

const ROUNDS = 15;
const MANY = 50;
const AT_ONCE = 4;

async function againstBareRunsc(bot: BenchBot): Promise<BenchLine[]> {
  await bot.ask('create first');
  const bare = await bareOf(bot);
  const times = {
    bareCreate: [],
    create: [],
    bareExec: [],
    exec: [],
    bareStop: [],
    stop: [],
  } satisfies Record<string, number[]> as Record<string, number[]>;
  const note = async (name: string, work: () => Promise<unknown>) => {
    const started = performance.now();
    await work();
    times[name]?.push(performance.now() - started);
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    // Turn about, so that a noisy neighbour hurts both alike.
    let id = '';
    await note('bareCreate', async () => (id = await bare.create()));
    await note('create', () => bot.ask('create probe'));
    await note('bareExec', () => bare.exec(id, 'echo hello'));
    await note('exec', () => bot.ask('exec probe -- echo hello'));
    await note('bareStop', () => bare.stop(id));
    await note('stop', () => bot.ask('stop probe --force'));
  }
  const ratio = (own: string, raw: string) => median(times[own] ?? []) / median(times[raw] ?? []);
  const both = (own: string, raw: string) =>
    `${median(times[own] ?? []).toFixed(0)} ms over ${median(times[raw] ?? []).toFixed(0)} ms`;
  return [
    budgeted({
      name: 'create to RUNNING over bare runsc create + start',
      value: ratio('create', 'bareCreate'),
      unit: 'x',
      budget: 1.4,
      note: both('create', 'bareCreate'),
    }),
    budgeted({
      name: 'exec through inbox, policy, audit and store over bare runsc exec',
      value: ratio('exec', 'bareExec'),
      unit: 'x',
      budget: 1.15,
      note: both('exec', 'bareExec'),
    }),
    {
      name: 'stop (force, everything removed and looked at) over bare kill + delete',
      value: ratio('stop', 'bareStop'),
      unit: 'x',
      note: both('stop', 'bareStop'),
    },
  ];
}

async function bareOf(bot: BenchBot) {
  const base = path.join(bot.dataDir, 'gvisor');
  const id = (await readdir(base)).find((name) => CONTAINER_ID_PATTERN.test(name));
  const driver = createGvisorDriver({
    dataDir: bot.dataDir,
    installationId: 'bench000',
    nodeId: 'bench',
    environment: process.env,
    log: silentLogger,
    clock: systemClock,
  });
  const [binary, info] = [await findRunsc(process.env), await driver.detect()];
  if (id === undefined || binary === null || info.platform === null)
    throw new Error('no agent or no runsc to compare with');
  return bareRunsc({
    binary,
    platform: info.platform,
    bundle: path.join(base, id, 'bundle'),
    directory: bot.dataDir,
  });
}

/** Cost as agents grow to 1, 10, 50, and what fifty idle ones hold. */
async function asTheyGrow(bot: BenchBot): Promise<BenchLine[]> {
  const lines: BenchLine[] = [];
  let made = 0;
  let one = { create: 0, exec: 0 };
  const started = performance.now();
  for (const size of [1, 10, MANY]) {
    const times: number[] = [];
    while (made < size) {
      const batch = Array.from({ length: Math.min(AT_ONCE, size - made) }, () =>
        bot.ask(`create many-${(made += 1)}`),
      );
      times.push(...(await Promise.all(batch)));
    }
    const execs: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) execs.push(await bot.ask('exec many-1 -- true'));
    const now = { create: median(times), exec: median(execs) };
    if (size === 1) one = now;
    lines.push({
      name: `exec with ${size} live agents over exec with 1`,
      value: now.exec / one.exec,
      unit: 'x',
      note: `${now.exec.toFixed(0)} ms`,
    });
  }
  lines.push({
    name: `${MANY} agents created, ${AT_ONCE} at a time (with the execs between)`,
    value: (performance.now() - started) / 1000,
    unit: 's',
  });
  lines.push(await memory(`memory of the bot with ${MANY} idle agents`));
  return lines;
}

async function memory(name: string, budget?: number): Promise<BenchLine> {
  globalThis.gc?.();
  const status = await readFile('/proc/self/status', 'utf8');
  const value = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  return budget === undefined ? { name, value, unit: 'MB' } : budgeted({ name, value, unit: 'MB', budget });
}

let kept = true;
{
  await using bot = await startBenchBot();
  kept = printLines('Memory', [await memory('memory of the idle bot, terminal only', 100)]) && kept;
  kept = printLines('gVisor', await againstBareRunsc(bot)) && kept;
}
{
  await using bot = await startBenchBot();
  kept = printLines('Growth', await asTheyGrow(bot)) && kept;
}
process.exitCode = kept ? 0 : 1;
