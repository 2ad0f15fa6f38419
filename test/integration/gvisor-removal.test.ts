import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newContainerId } from '../../src/lib/ids.ts';
import { createDisk, mountDisk } from '../../src/sandboxes/disks/disk.ts';
import { openCgroups } from '../../src/sandboxes/cgroups.ts';
import type { SandboxHandle } from '../../src/sandboxes/sandbox.ts';
import {
  type GvisorWorld,
  openGvisorWorld,
  runscBinaries,
  specOf,
  whyNoGvisor,
} from '../fixtures/gvisor-world.ts';

const missing = await whyNoGvisor();
const binaries = missing === null ? await runscBinaries() : [];
const never = (): AbortSignal => new AbortController().signal;
const NOTHING = { processes: [], mounts: [], cgroups: [], directories: [], networks: [] };
/** What a hung sandbox may cost a stop: the wait for its answer and little more. */
const HUNG_STOP_MS = 12_000;

it.skipIf(missing === null)(`gvisor removal is not shown: ${missing}`, (context) => context.skip());

describe.each(binaries)('removal with %s', (binary) => {
  let world: GvisorWorld;
  beforeAll(async () => {
    world = await openGvisorWorld(binary);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  async function created(): Promise<SandboxHandle> {
    const handle = world.driver.newHandle(newContainerId());
    await world.driver.create(handle, specOf(world), never());
    return handle;
  }

  const ids = async (): Promise<string[]> => (await world.driver.list()).map((handle) => handle.containerId);

  it('takes away all it made: processes, mounts, loop device, cgroup, directory', async () => {
    const handle = await created();
    const before = await world.leftovers();

    const evidence = await world.driver.remove(handle);

    for (const kind of ['process', 'mount', 'loop', 'cgroup', 'directory', 'record']) {
      expect(before.some((line) => line.startsWith(kind))).toBe(true);
    }
    expect(evidence).toEqual(NOTHING);
    expect(await world.leftovers()).toEqual([]);
  });

  it('has nothing to take away of a create with an image of a container engine, which is refused', async () => {
    const handle = world.driver.newHandle(newContainerId());
    const image = { name: 'python:3.12', digest: `sha256:${'a'.repeat(64)}`, rootfs: null };

    await expect(world.driver.create(handle, { ...specOf(world), image }, never())).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      message: 'image python:3.12 is in a container engine, and gVisor cannot use it there',
    });
    expect(await world.leftovers()).toEqual([]);
  });

  it('finds and removes a sandbox that runsc has no record of', async () => {
    const handle = await created();
    const { runscRoot } = rootOf(world);
    for (const name of await readdir(runscRoot)) {
      if (name.includes(handle.containerId)) await rm(path.join(runscRoot, name));
    }
    await rm(path.join(world.dataDir, 'gvisor', handle.containerId, 'record.json'));

    expect(await ids()).toContain(handle.containerId);
    expect(await world.processesOf(handle.containerId)).not.toEqual([]);
    expect(await world.driver.remove(handle)).toEqual(NOTHING);
    expect(await world.leftovers()).toEqual([]);
  });

  it('finds and removes a directory that is all there is', async () => {
    const handle = world.driver.newHandle(newContainerId());
    await mkdir(path.join(world.dataDir, 'gvisor', handle.containerId, 'bundle'), { recursive: true });

    expect(await ids()).toContain(handle.containerId);
    expect(await world.driver.inspect(handle)).toMatchObject({ status: 'exited' });
    expect(await world.driver.remove(handle)).toEqual(NOTHING);
    expect(await ids()).toEqual([]);
  });

  it('finds and removes a mounted disk without a container', async () => {
    const handle = world.driver.newHandle(newContainerId());
    const home = path.join(world.dataDir, 'gvisor', handle.containerId);
    await mkdir(home, { recursive: true });
    await createDisk({ imagePath: path.join(home, 'disk.img'), sizeMb: 16 }, never());
    await mountDisk({ imagePath: path.join(home, 'disk.img'), mountPoint: path.join(home, 'disk') });

    expect(await ids()).toContain(handle.containerId);
    expect(await world.driver.remove(handle)).toEqual(NOTHING);
    expect(await world.leftovers()).toEqual([]);
  });

  it('finds and removes a cgroup that is all there is', async () => {
    const handle = world.driver.newHandle(newContainerId());
    const [directory] = await cgroupDirectories(world, handle);
    await mkdir(directory, { recursive: true });

    expect(await ids()).toContain(handle.containerId);
    expect(await world.driver.remove(handle)).toEqual(NOTHING);
    expect(await ids()).toEqual([]);
  });

  it('applies the limits where a stale cgroup of the same path is in the way', async () => {
    const handle = world.driver.newHandle(newContainerId());
    for (const directory of await cgroupDirectories(world, handle))
      await mkdir(directory, { recursive: true });

    const { warnings } = await world.driver.create(handle, specOf(world), never());

    expect(warnings).toEqual([]);
    const cgroups = await openCgroups({ installationId: world.installationId });
    const [sandbox] = (await world.processesOf(handle.containerId)).filter((one) =>
      one.args.includes('boot'),
    );
    expect(await cgroups.unenforced(handle.containerId, specOf(world).limits, sandbox?.pid ?? 0)).toEqual([]);
    await world.driver.remove(handle);
  });

  it('stops and removes a sandbox that hangs', async () => {
    const handle = await created();
    for (const { pid } of await world.processesOf(handle.containerId)) process.kill(pid, 'SIGSTOP');

    const startedAt = performance.now();
    await world.driver.stop(handle, { graceMs: 1000 });

    expect(performance.now() - startedAt).toBeLessThan(HUNG_STOP_MS);
    expect(await world.driver.inspect(handle)).toEqual({ status: 'exited', code: null, cause: 'stopped' });
    expect(await world.driver.remove(handle)).toEqual(NOTHING);
    expect(await world.leftovers()).toEqual([]);
  });

  it('removes everything where runsc is no longer installed', async () => {
    const handle = await created();
    const without = world.reopen({ AIRLOCK_RUNSC: '/nonexistent/runsc' });

    expect((await without.detect()).available).toBe(false);
    expect((await without.list()).map((one) => one.containerId)).toContain(handle.containerId);
    expect(await without.remove(handle)).toEqual(NOTHING);
    expect(await world.leftovers()).toEqual([]);
  });

  it('leaves the sandboxes of another installation alone', async () => {
    await using other = await openGvisorWorld(binary);
    const theirs = other.driver.newHandle(newContainerId());
    await other.driver.create(theirs, specOf(other), never());

    expect(await ids()).not.toContain(theirs.containerId);
    expect(await world.driver.remove(theirs)).toEqual(NOTHING);
    expect(await other.driver.inspect(theirs)).toEqual({ status: 'running' });
  });
});

function rootOf(world: GvisorWorld): { runscRoot: string } {
  return { runscRoot: path.join(world.dataDir, 'gvisor', 'root') };
}

/** Where the container's groups would be: in every hierarchy of v1, in the one of v2. */
async function cgroupDirectories(
  world: GvisorWorld,
  { containerId }: SandboxHandle,
): Promise<[string, ...string[]]> {
  const name = `airlock-${world.installationId}/${containerId}`;
  const v2 = await readFile('/sys/fs/cgroup/cgroup.controllers', 'utf8').then(
    () => true,
    () => false,
  );
  return v2
    ? [`/sys/fs/cgroup/${name}`]
    : [`/sys/fs/cgroup/memory/${name}`, `/sys/fs/cgroup/pids/${name}`, `/sys/fs/cgroup/cpu/${name}`];
}
