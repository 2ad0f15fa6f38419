import { chmod, readFile, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SAFE_PATH } from '../../src/lib/run.ts';
import { startDocker, whyNoDocker } from '../fixtures/docker-daemon.ts';
import { createFakeEngine, type FakeEngine } from '../fixtures/fake-engine.ts';
import { openKataWorld, type KataWorld } from '../fixtures/kata-world.ts';

const asRoot = process.getuid?.() === 0;

describe.skipIf(!asRoot)('the detection of Kata', () => {
  let engine: FakeEngine;
  const worlds: KataWorld[] = [];

  beforeEach(async () => {
    engine = await createFakeEngine();
  });
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world[Symbol.asyncDispose]();
    expect(await engine.left()).toEqual([]);
    await engine[Symbol.asyncDispose]();
  });

  async function open(environment: Record<string, string> = {}): Promise<KataWorld> {
    const world = await openKataWorld({
      environment: { PATH: `${engine.directory}:${SAFE_PATH}`, ...environment },
    });
    worlds.push(world);
    return world;
  }

  async function creates(): Promise<number> {
    return (await engine.calls()).filter((verb) => verb === 'create').length;
  }

  it('takes a runtime whose container shows a kernel of its own', async () => {
    const info = await (await open()).driver.detect();

    expect(info).toMatchObject({ type: 'kata', available: true, missing: [] });
    expect(info.platform).toBe('kata through docker 25.0.1, kernel 6.99.0');
  });

  it('refuses a runtime called kata that shows the kernel of the host', async () => {
    await engine.set({ kernel: release(), kernelVersion: (await readFile('/proc/version', 'utf8')).trim() });

    const info = await (await open()).driver.detect();

    expect(info).toMatchObject({ available: false });
    expect(info.missing).toEqual([
      `the runtime kata is not Kata: it shows the kernel of this host (${release()}), so it is no virtual machine`,
    ]);
  });

  it("refuses gVisor under Kata's name", async () => {
    await engine.set({
      kernel: '4.4.0',
      kernelVersion: 'Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016',
    });

    expect((await (await open()).driver.detect()).missing.join()).toContain("shows gVisor's kernel");
  });

  it('refuses at the create too, when the kernel is no longer its own', async () => {
    const { driver, image } = await open();
    await driver.detect();
    await engine.set({ kernel: release() });
    const limits = { cpuCores: 1, memoryMb: 64, diskMb: 8, networkEnabled: false, maxProcesses: 20 };
    const identity = { agentId: 'agent', name: 'calm-otter', environment: {} };

    const creating = driver.create(
      driver.newHandle('a'.padEnd(26, 'b')),
      { image, limits, identity },
      new AbortController().signal,
    );

    await expect(creating).rejects.toMatchObject({ code: 'NO_RUNTIME' });
  });

  it('keeps the proof over a restart, and proves again when the engine changes or when it is told to', async () => {
    const world = await open();
    await world.driver.detect();
    await world.reopen().detect();
    expect(await creates()).toBe(1);

    await engine.set({ version: '25.0.2' });
    await world.reopen().detect();
    expect(await creates()).toBe(2);

    await world.reopen().detect({ refresh: true });
    expect(await creates()).toBe(3);
  });

  it.each([
    [{ runtimes: ['runc'] }, {}, /docker has no Kata runtime \(it has runc\)/],
    [{}, { AIRLOCK_KATA_RUNTIME: 'kata-clh' }, /AIRLOCK_KATA_RUNTIME=kata-clh: docker has runc, kata/],
    [{}, { DOCKER_HOST: 'tcp://192.0.2.1:2375' }, /DOCKER_HOST names a daemon that is not on this host/],
    [{}, { AIRLOCK_KATA_ENGINE: 'nerdctl' }, /AIRLOCK_KATA_ENGINE=nerdctl: there is no such engine on PATH/],
  ])('says what is missing, and what to do: %o %o', async (facts, environment, why) => {
    await engine.set(facts);

    const info = await (await open(environment)).driver.detect();

    expect(info.missing.join()).toMatch(why);
    expect(info.howToGet.join()).not.toBe('');
  });

  it('is quiet about an engine that does not answer where nobody asked for Kata, and plain where somebody did', async () => {
    await engine.fault('version', 'unreachable');

    const unasked = await (await open()).driver.detect();
    const asked = await (await open({ AIRLOCK_KATA_RUNTIME: 'kata-qemu' })).driver.detect();

    expect(unasked).toMatchObject({
      available: false,
      missing: ['docker is installed, and its engine does not answer'],
      howToGet: ['to have Kata: start it (systemctl start docker)'],
    });
    expect(unasked.configured).toBeUndefined();
    expect(asked).toMatchObject({
      available: false,
      configured: true,
      missing: [
        expect.stringMatching(/^the docker engine does not answer: Cannot connect to the Docker daemon/),
      ],
      howToGet: ['start it (systemctl start docker); or unset AIRLOCK_KATA_RUNTIME if no Kata is wanted'],
    });
  });

  it('names a pair that is known not to work, and refuses what it breaks', async () => {
    await engine.set({ version: '28.2.2' });
    await writeFile(
      path.join(engine.directory, 'kata-runtime'),
      '#!/bin/sh\necho "kata-runtime  : 3.20.0"\n',
    );
    await chmod(path.join(engine.directory, 'kata-runtime'), 0o755);
    const pair = 'Docker 28.2.2 gives Kata 3.20.0 no network: Docker 26 and newer need Kata 3.29 or newer';

    expect(await (await open()).driver.detect()).toMatchObject({
      available: true,
      version: '3.20.0',
      networkReason: pair,
      warnings: [`agents with --network are refused: ${pair}`],
      capabilities: { network: 'none' },
    });
  });

  it('prefers the plain name over those of single monitors', async () => {
    await engine.set({ runtimes: ['kata-fc', 'kata-qemu', 'kata', 'katamaran'] });
    expect((await (await open()).driver.detect()).platform).toMatch(/^kata through/);

    await engine.set({ runtimes: ['kata-fc', 'kata-qemu'] });
    expect((await (await open()).driver.detect()).platform).toMatch(/^kata-qemu through/);
  });
});

for (const [runtime, under, why] of [
  ['kata-runtime', 'runc', /^the runtime kata-runtime is not Kata: it shows the kernel of this host/],
  ['kata-clh', 'runsc-test', /^the runtime kata-clh is not Kata: it shows gVisor's kernel/],
] as const) {
  const missing = await whyNoDocker(under);

  it(`refuses ${under} that a real daemon has under Kata's name${missing === null ? '' : ` (not shown: ${missing})`}`, async (context) => {
    if (missing !== null) return context.skip();
    await using daemon = await startDocker();
    await using world = await openKataWorld({
      environment: { DOCKER_HOST: daemon.host, AIRLOCK_KATA_RUNTIME: runtime },
    });

    const info = await world.driver.detect();

    expect(info).toMatchObject({ available: false });
    expect(info.missing.join()).toMatch(why);
    expect([...(await world.leftovers()), ...(await daemon.left())]).toEqual([]);
  });
}
