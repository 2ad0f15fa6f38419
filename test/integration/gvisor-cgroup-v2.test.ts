import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { newContainerId } from '../../src/lib/ids.ts';
import { openCgroups } from '../../src/sandboxes/cgroups.ts';
import { openGvisorWorld, runscBinaries, specOf, whyNoGvisor } from '../fixtures/gvisor-world.ts';

const missing = await whyNoGvisor();
const host = await openCgroups({ installationId: 'v2probe0' });
const notShown =
  missing ??
  (host.version === 'v2'
    ? null
    : `this host has cgroup ${host.version}; golden files and a fake tree in test/unit/sandboxes stand for it`);

it('puts the limits in force on a real cgroup v2 host', async (context) => {
  if (notShown !== null) return context.skip(`not shown: ${notShown}`);
  const [binary = ''] = await runscBinaries();
  await using world = await openGvisorWorld(binary);
  const handle = world.driver.newHandle(newContainerId());

  await world.driver.create(
    handle,
    specOf(world, { memoryMb: 256, cpuCores: 0.5 }),
    new AbortController().signal,
  );

  const own = (await openCgroups({ installationId: world.installationId })).pathOf(handle.containerId);
  const read = (name: string) => readFile(path.join('/sys/fs/cgroup', own, name), 'utf8');
  expect((await read('memory.max')).trim()).toBe(String(256 * 1024 * 1024));
  expect((await read('cpu.max')).trim()).toBe('50000 100000');
});
