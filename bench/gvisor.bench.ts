/** Airlock's own cost on real gVisor, as ratios against bare runsc in the same run. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { systemClock } from '../src/lib/clock.ts';
import { CONTAINER_ID_PATTERN } from '../src/lib/ids.ts';
import { silentLogger } from '../src/lib/logger.ts';
import { openCgroups } from '../src/sandboxes/cgroups.ts';
import { createGvisorDriver } from '../src/sandboxes/gvisor/driver.ts';
import { findRunsc } from '../src/sandboxes/gvisor/find-binary.ts';
import { bareRunsc } from './bare-runsc.ts';
import { type BenchBot, startBenchBot } from './bench-bot.ts';
import { type BenchCore, startBenchCore } from './bench-core.ts';
import { type BenchLine, budgeted, median, percentile } from './bench-line.ts';
import { printLines } from './print.ts';

const ROUNDS = 15;
const EXECS_A_ROUND = 8;
const MANY = 50;
const AT_ONCE = 4;
/** The installation in whose name this host is looked at. */
const PROBING = 'bench000';

async function againstBareRunsc(core: BenchCore): Promise<BenchLine[]> {
  await core.act({ kind: 'agent.create', params: { name: 'first' } });
  const bare = await bareOf(core.dataDir);
  const times = {
    bareCreate: [],
    create: [],
    bareFirst: [],
    first: [],
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
  const exec = (agent: string) => core.act({ kind: 'agent.exec', params: { agent, command: 'echo hello' } });
  const standing = await bare.create();
  for (let round = 0; round < ROUNDS; round += 1) {
    // Turn about, so that a noisy neighbour hurts both alike.
    let id = '';
    await note('bareCreate', async () => (id = await bare.create()));
    await note('create', () => core.act({ kind: 'agent.create', params: { name: 'probe' } }));
    await note('bareFirst', () => bare.exec(id, 'echo hello'));
    await note('first', () => exec('probe'));
    // What a standing agent costs a command is the budget; the first one of an agent is told beside it.
    for (let again = 0; again < EXECS_A_ROUND; again += 1) {
      const pair = [
        () => note('bareExec', () => bare.exec(standing, 'echo hello')),
        () => note('exec', () => exec('first')),
      ];
      // Each goes first as often as the other: what one leaves for the processor to finish falls on both alike.
      for (const one of again % 2 === 0 ? pair : pair.toReversed()) await one();
    }
    await note('bareStop', () => bare.stop(id));
    await note('stop', () => core.act({ kind: 'agent.stop', params: { agent: 'probe', force: true } }));
  }
  await bare.stop(standing);
  await bare.close();
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
      name: 'exec through orchestrator, audit and store over bare runsc exec',
      value: ratio('exec', 'bareExec'),
      unit: 'x',
      budget: 1.15,
      note: `${both('exec', 'bareExec')}, half of the pairs ${quartiles(times['exec'] ?? [], times['bareExec'] ?? [])}`,
    }),
    {
      name: 'the first exec of an agent over the first bare one',
      value: ratio('first', 'bareFirst'),
      unit: 'x',
      note: both('first', 'bareFirst'),
    },
    {
      name: 'stop (force, everything removed and looked at) over bare kill + delete',
      value: ratio('stop', 'bareStop'),
      unit: 'x',
      note: both('stop', 'bareStop'),
    },
  ];
}

/** How far the ratio of one pair is from that of another. */
function quartiles(own: readonly number[], raw: readonly number[]): string {
  const ratios = own.map((value, at) => value / (raw[at] ?? Number.NaN));
  return [25, 75].map((hundredths) => percentile(ratios, hundredths).toFixed(2)).join(' to ');
}

async function bareOf(dataDir: string) {
  const base = path.join(dataDir, 'gvisor');
  const id = (await readdir(base)).find((name) => CONTAINER_ID_PATTERN.test(name));
  const driver = createGvisorDriver({
    dataDir,
    installationId: PROBING,
    nodeId: 'bench',
    environment: process.env,
    log: silentLogger,
    clock: systemClock,
  });
  const [binary, info] = [await findRunsc(process.env), await driver.detect()];
  await (await openCgroups({ installationId: PROBING })).removeParent();
  if (id === undefined || binary === null || info.platform === null)
    throw new Error('no agent or no runsc to compare with');
  return bareRunsc({
    binary,
    platform: info.platform,
    bundle: path.join(base, id, 'bundle'),
    directory: dataDir,
  });
}

/** The cost of an agent and of a command as agents grow to 1, 10, 50. */
async function asTheyGrow(bot: BenchBot): Promise<BenchLine[]> {
  const lines: BenchLine[] = [];
  let made = 0;
  let creatingMs = 0;
  let one: { create: number; exec: number } | null = null;
  for (const size of [1, 10, MANY]) {
    const creates: number[] = [];
    const started = performance.now();
    while (made < size) {
      const next = Array.from({ length: Math.min(AT_ONCE, size - made) }, () => `create many-${(made += 1)}`);
      creates.push(...(await Promise.all(next.map((line) => bot.ask(line)))));
    }
    const took = performance.now() - started;
    creatingMs += took;
    const execs: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) execs.push(await bot.ask('exec many-1 -- true'));
    const now = { create: took / creates.length, exec: median(execs) };
    one ??= now;
    lines.push(
      {
        name: `create, per agent, on the way to ${size}, over the first`,
        value: now.create / one.create,
        unit: 'x',
        note: `${now.create.toFixed(0)} ms`,
      },
      {
        name: `exec (typed to shown) with ${size} live, over exec with 1`,
        value: now.exec / one.exec,
        unit: 'x',
        note: `${now.exec.toFixed(0)} ms`,
      },
    );
  }
  lines.push({ name: `${MANY} agents created, ${AT_ONCE} at a time`, value: creatingMs / 1000, unit: 's' });
  return lines;
}

let kept = true;
{
  await using core = await startBenchCore();
  kept = printLines('gVisor', await againstBareRunsc(core));
}
{
  await using bot = await startBenchBot();
  kept = printLines('Growth', await asTheyGrow(bot)) && kept;
}
process.exitCode = kept ? 0 : 1;
