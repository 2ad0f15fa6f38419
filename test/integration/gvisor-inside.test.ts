import { readFile, readlink } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newContainerId } from '../../src/lib/ids.ts';
import { openCgroups } from '../../src/sandboxes/cgroups.ts';
import type { SandboxHandle } from '../../src/sandboxes/sandbox.ts';
import {
  type GvisorWorld,
  openGvisorWorld,
  runIn,
  runscBinaries,
  specOf,
  whyNoGvisor,
} from '../fixtures/gvisor-world.ts';

const missing = await whyNoGvisor();
const binaries = missing === null ? await runscBinaries() : [];
const never = (): AbortSignal => new AbortController().signal;
const ROOT = { uid: 0, gid: 0 };
const MASKED = [
  '/proc/kcore',
  '/proc/keys',
  '/proc/timer_list',
  '/proc/sched_debug',
  '/proc/acpi',
  '/sys/firmware',
];

it.skipIf(missing === null)(`the inside of a gvisor sandbox is not shown: ${missing}`, (context) =>
  context.skip(),
);

describe.each(binaries)('inside a sandbox of %s', (binary) => {
  let world: GvisorWorld;
  let handle: SandboxHandle;
  const inside = (shell: string, user?: typeof ROOT) => runIn(world.driver, handle, shell, user);

  beforeAll(async () => {
    world = await openGvisorWorld(binary);
    handle = world.driver.newHandle(newContainerId());
    await world.driver.create(handle, specOf(world), never());
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('has nothing of the host to read at the masked places', async () => {
    for (const place of MASKED) {
      const { stdout } = await inside(`cat ${place} 2>/dev/null; ls ${place}/ 2>/dev/null`, ROOT);
      expect({ place, stdout }).toEqual({ place, stdout: '' });
    }
  });

  it('cannot write kernel settings and the toolbox, as root neither', async () => {
    const written = await inside(
      'echo 1 > /.airlock/x; echo other > /proc/sys/kernel/hostname; hostname',
      ROOT,
    );

    expect(written.stdout.trim()).toBe(handle.containerId);
    expect((await inside('ls /.airlock')).stdout.split('\n').filter(Boolean).toSorted()).toEqual([
      'busybox',
      'tini',
    ]);
  });

  it('has one disk for /, /workspace and /tmp, and no write passes round it', async () => {
    const { stdout } = await inside("df -k / /workspace /tmp | awk 'NR > 1 { print $2 }'");
    const sizes = stdout.trim().split('\n').map(Number);

    expect(sizes).toHaveLength(3);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(64 * 1024);
    expect(new Set(sizes).size).toBe(1);
  });

  it('ends a full disk as ENOSPC and goes on', async () => {
    const full = await inside('dd if=/dev/zero of=/workspace/fill bs=1M count=100');
    await inside('rm /workspace/fill');
    const fullRoot = await inside('dd if=/dev/zero of=/fill bs=1M count=100', ROOT);
    await inside('rm /fill', ROOT);

    expect(full.stderr).toContain('No space left on device');
    expect(fullRoot.stderr).toContain('No space left on device');
    expect((await inside('echo alive > /workspace/after && cat /workspace/after')).stdout).toBe('alive\n');
  });

  it('reaps orphans, so that they do not count against the process limit', async () => {
    await inside('for i in 1 2 3 4 5 6 7 8 9 10; do (true & ) ; done');
    const { stdout } = await inside('cat /proc/[0-9]*/status | grep -c "State:.*Z"');

    expect(stdout).toBe('0\n');
  });

  it('keeps PID 1 out of reach of commands', async () => {
    const killed = await inside('kill -9 1; kill -9 2');

    expect(killed.exitCode).not.toBe(0);
    expect(await world.driver.inspect(handle)).toEqual({ status: 'running' });
  });

  it('has /dev/null for its own streams: a pipe of the bot would stay open for its life', async () => {
    const processes = await world.processesOf(handle.containerId);

    expect(new Set(processes.map((one) => one.args[0]))).toEqual(new Set(['runsc-gofer', 'runsc-sandbox']));
    for (const { pid } of processes) {
      for (const stream of [0, 1, 2]) expect(await readlink(`/proc/${pid}/fd/${stream}`)).toBe('/dev/null');
    }
  });

  it('is limited on the host: what the driver reads back is what the files say', async () => {
    const cgroups = await openCgroups({ installationId: world.installationId });
    const [sandbox] = (await world.processesOf(handle.containerId)).filter((one) =>
      one.args.includes('boot'),
    );

    expect(await cgroups.unenforced(handle.containerId, specOf(world).limits, sandbox?.pid ?? 0)).toEqual([]);
    if (cgroups.version === 'v1') {
      const directory = `/sys/fs/cgroup/memory${cgroups.pathOf(handle.containerId)}`;
      expect(await readFile(`${directory}/memory.limit_in_bytes`, 'utf8')).toBe(`${256 * 1024 * 1024}\n`);
    }
  });
});

describe.each(binaries)('limits that are not in force with %s', (binary) => {
  it('end the create and leave nothing, unless the operator allowed them by name', async () => {
    await using world = await openGvisorWorld(binary);
    const real = await openCgroups({ installationId: world.installationId });
    const cgroups = {
      ...real,
      unenforced: async () => [{ limit: 'memory' as const, reason: 'asked 1, in force none' }],
    };
    const strict = world.reopen({}, { cgroups });
    const lenient = world.reopen({ AIRLOCK_ALLOW_UNENFORCED: 'cpu, memory' }, { cgroups });

    await expect(
      strict.create(strict.newHandle(newContainerId()), specOf(world), never()),
    ).rejects.toMatchObject({
      code: 'LIMIT_NOT_ENFORCED',
      hint: expect.stringContaining('AIRLOCK_ALLOW_UNENFORCED=memory'),
    });
    expect(await world.leftovers()).toEqual([]);
    expect((await strict.detect()).capabilities.enforced).toEqual({
      cpu: true,
      memory: false,
      processes: true,
    });
    const { warnings } = await lenient.create(lenient.newHandle(newContainerId()), specOf(world), never());
    expect(warnings).toEqual(['the memory limit is not in force: asked 1, in force none']);
  });
});
