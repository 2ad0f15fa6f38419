/** gVisor direct, gVisor through docker, Kata where it is there: create, exec, stop and memory, side by side. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../src/lib/clock.ts';
import { newContainerId, newExecId, randomId } from '../src/lib/ids.ts';
import { silentLogger } from '../src/lib/logger.ts';
import { openCgroups } from '../src/sandboxes/cgroups.ts';
import { createGvisorDriver } from '../src/sandboxes/gvisor/driver.ts';
import { createImageStore } from '../src/sandboxes/images/image-store.ts';
import { createKataDriver } from '../src/sandboxes/kata/driver.ts';
import type { DriverContext, SandboxDriver } from '../src/sandboxes/sandbox.ts';
import { startDocker, whyNoDocker } from '../test/fixtures/docker-daemon.ts';
import { type BenchLine, median } from './bench-line.ts';
import { printLines } from './print.ts';

const ROUNDS = 7;
const LIMITS = { cpuCores: 1, memoryMb: 256, diskMb: 64, networkEnabled: false, maxProcesses: 50 };

async function measure(name: string, driver: SandboxDriver, context: DriverContext): Promise<BenchLine[]> {
  const { dataDir } = context;
  const info = await driver.detect();
  if (!info.available) {
    console.log(`  ${name}: not here (${info.missing.join('; ')})`);
    return [];
  }
  const images = createImageStore({ dataDir, images: {}, defaultImage: 'busybox', log: silentLogger });
  const image = await images.resolve();
  const signal = new AbortController().signal;
  const times: Record<'create' | 'exec' | 'stop', number[]> = { create: [], exec: [], stop: [] };
  const memory: number[] = [];
  const note = async (verb: keyof typeof times, work: () => Promise<unknown>) => {
    const started = performance.now();
    await work();
    times[verb].push(performance.now() - started);
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const handle = driver.newHandle(newContainerId());
    const identity = { agentId: 'bench', name: 'bench', environment: {} };
    await note('create', () => driver.create(handle, { image, limits: LIMITS, identity }, signal));
    // The end of the sandbox is heard as in the bot, where every agent is watched.
    using _watch = driver.watch(handle, () => undefined);
    const echo = () =>
      driver.exec(
        handle,
        { execId: newExecId(), command: { shell: 'echo hello' }, timeoutMs: 60_000 },
        { write: async () => undefined },
        signal,
      );
    await echo();
    for (let again = 0; again < 3; again += 1) await note('exec', echo);
    memory.push((await driver.stats(handle)).memoryBytes / 1024 / 1024);
    await note('stop', async () => {
      await driver.stop(handle, { graceMs: 0 });
      await driver.remove(handle);
    });
  }
  return [
    ...Object.entries(times).map(([verb, values]) => ({
      name: `${name}: ${verb}`,
      value: median(values),
      unit: 'ms',
    })),
    { name: `${name}: memory of an idle sandbox`, value: median(memory), unit: 'MB' },
  ];
}

async function contextWith(environment: Record<string, string>): Promise<DriverContext & AsyncDisposable> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'airlock-bench-'));
  const installationId = randomId(8);
  return {
    dataDir,
    installationId,
    nodeId: 'bench',
    environment: { ...process.env, ...environment },
    log: silentLogger,
    clock: systemClock,
    async [Symbol.asyncDispose]() {
      await (await openCgroups({ installationId })).removeParent();
      await rm(dataDir, { recursive: true });
    },
  };
}

const lines: BenchLine[] = [];
{
  await using direct = await contextWith({});
  lines.push(...(await measure('gVisor', createGvisorDriver(direct), direct)));
}
const noDocker = await whyNoDocker();
if (noDocker === null) {
  await using daemon = await startDocker();
  if (daemon.runtimes.includes('runsc-test')) {
    await using through = await contextWith({ DOCKER_HOST: daemon.host });
    const unproven = { engine: 'docker', binary: daemon.binary, runtime: 'runsc-test' } as const;
    lines.push(...(await measure('gVisor through docker', createKataDriver(through, { unproven }), through)));
  }
} else {
  console.log(`  gVisor through docker: not here (${noDocker})`);
}
{
  await using real = await contextWith({});
  lines.push(...(await measure('Kata', createKataDriver(real), real)));
}
printLines('Sandboxes side by side', lines);
