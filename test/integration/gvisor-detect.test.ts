import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openGvisorWorld, runscBinaries, whyNoGvisor } from '../fixtures/gvisor-world.ts';

const missing = await whyNoGvisor();
const [binary] = missing === null ? await runscBinaries() : [];

describe.skipIf(binary === undefined)('detection', () => {
  it('says what is missing and how to get it where there is no runsc', async () => {
    await using world = await openGvisorWorld('/nonexistent/runsc');

    const info = await world.driver.detect();

    expect(info).toMatchObject({ available: false, version: null, platform: null });
    expect(info.missing).toEqual(['runsc is not on PATH']);
    expect(info.howToGet.join()).toContain('apt-get install -y runsc');
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

  it('warns of a release older than a year', async () => {
    await using world = await openGvisorWorld(binary ?? '');

    const { version, warnings } = await world.driver.detect();

    const old = /20(1\d|2[0-4])\d{4}/.test(version ?? '');
    expect(warnings.some((warning) => /old: its security fixes are missing/.test(warning))).toBe(old);
  });
});
