import { chmod, readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { newContainerId } from '../../src/lib/ids.ts';
import { openGvisorWorld, runscBinaries, specOf, whyNoGvisor } from '../fixtures/gvisor-world.ts';

const missing = await whyNoGvisor();
const [binary] = missing === null ? await runscBinaries() : [];

describe.skipIf(binary === undefined)('detection', () => {
  it('says what is wrong and how to mend it where AIRLOCK_RUNSC names no program', async () => {
    await using world = await openGvisorWorld('/nonexistent/runsc');

    const info = await world.driver.detect();

    expect(info).toMatchObject({ available: false, version: null, platform: null });
    expect(info.missing).toEqual(['AIRLOCK_RUNSC=/nonexistent/runsc is not a program that can be run']);
    expect(info.howToGet.join()).toContain('set AIRLOCK_RUNSC to the path of runsc');
  });

  it('takes no other program for runsc', async () => {
    await using world = await openGvisorWorld('/bin/true');

    const info = await world.driver.detect();

    expect(info.available).toBe(false);
    expect(info.missing.join()).toContain('does not answer as runsc does');
  });

  it('is kept until it is asked for anew', async () => {
    await using world = await openGvisorWorld(binary ?? '');
    const wrapper = path.join(world.dataDir, 'runsc');
    await writeFile(wrapper, `#!/bin/sh\nexec ${binary} "$@"\n`);
    await chmod(wrapper, 0o755);
    const driver = world.reopen({ AIRLOCK_RUNSC: wrapper });

    const first = await driver.detect();
    await chmod(wrapper, 0o644);

    expect(first.available).toBe(true);
    expect(await driver.detect()).toBe(first);
    expect((await driver.detect({ refresh: true })).available).toBe(false);
  });

  it('gives up on a platform that hangs, and leaves nothing of the attempt', async () => {
    await using world = await openGvisorWorld(binary ?? '');
    const wrapper = path.join(world.dataDir, 'runsc');
    // As kvm does without hardware behind it: the sandbox is there, the client never answers.
    await writeFile(
      wrapper,
      `#!/bin/sh\n"${binary}" "$@" || exit $?\ncase "$*" in *" create "*) exec sleep 1000;; esac\n`,
    );
    await chmod(wrapper, 0o755);
    const driver = world.reopen({ AIRLOCK_RUNSC: wrapper });

    const info = await driver.detect();

    expect(info.available).toBe(false);
    expect(info.missing.join()).toMatch(/starts no container/);
    expect(await world.leftovers()).toEqual([]);
  });

  it('is kept over a restart while runsc is the same file, and made again when asked', async () => {
    await using world = await openGvisorWorld(binary ?? '');
    const { wrapper, probes } = await countingRunsc(world.dataDir);
    const restarted = () => world.reopen({ AIRLOCK_RUNSC: wrapper });
    const first = await restarted().detect();
    const atFirst = await probes();

    const second = await restarted().detect();
    const afterRestart = await probes();
    await restarted().detect({ refresh: true });
    const afterRefresh = await probes();
    await utimes(wrapper, 0, 0);
    await restarted().detect();

    expect(first.available).toBe(true);
    expect(atFirst).toBeGreaterThan(0);
    expect(second).toEqual(first);
    expect(afterRestart).toBe(atFirst);
    expect(afterRefresh).toBeGreaterThan(afterRestart);
    expect(await probes()).toBeGreaterThan(afterRefresh);
  });

  it('is made again after a create that failed', async () => {
    await using world = await openGvisorWorld(binary ?? '');
    const { wrapper, probes } = await countingRunsc(world.dataDir);
    const driver = world.reopen({ AIRLOCK_RUNSC: wrapper });
    await driver.detect();
    const before = await probes();
    const handle = driver.newHandle(newContainerId());
    const spec = specOf(world, { diskMb: 1e12 });

    await expect(driver.create(handle, spec, new AbortController().signal)).rejects.toMatchObject({
      code: 'DISK_FULL',
    });
    await world.reopen({ AIRLOCK_RUNSC: wrapper }).detect();

    expect(await probes()).toBeGreaterThan(before);
  });

  it('warns of a release older than a year', async () => {
    await using world = await openGvisorWorld(binary ?? '');

    const { version, warnings } = await world.driver.detect();

    const old = /20(1\d|2[0-4])\d{4}/.test(version ?? '');
    expect(warnings.some((warning) => /old: its security fixes are missing/.test(warning))).toBe(old);
  });
});

/** A runsc that notes its creates; only probes make any here. */
async function countingRunsc(directory: string) {
  const [wrapper, calls] = [path.join(directory, 'runsc'), path.join(directory, 'calls')];
  await writeFile(calls, '');
  await writeFile(
    wrapper,
    `#!/bin/sh\ncase "$*" in *" create "*) echo create >>${calls};; esac\nexec ${binary} "$@"\n`,
  );
  await chmod(wrapper, 0o755);
  return { wrapper, probes: async () => (await readFile(calls, 'utf8')).split('\n').length - 1 };
}
