import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { newContainerId } from '../../../src/lib/ids.ts';
import type { SandboxExit } from '../../../src/sandboxes/sandbox.ts';
import { type Kit, letTimePass, neverAborted, rejection, testSandbox } from './kit.ts';

const NOTHING = { processes: [], mounts: [], cgroups: [], directories: [], networks: [] };
/** A sandbox that dies by itself is noticed within this (DESIGN.md section 4). */
const NOTICED_WITHIN_MS = 2000;

export function describeLifecycle(kit: Kit): void {
  describe('lifecycle', () => {
    it('detects its runtime, and says the same when asked again', async () => {
      const info = await kit.driver.detect();

      expect(info).toMatchObject({ type: kit.driver.type, available: true, missing: [] });
      expect(await kit.driver.detect()).toEqual(info);
    });

    it('creates a sandbox that runs, is listed, and is gone after its removal', async () => {
      await using sandbox = await kit.sandbox();

      expect(await kit.driver.inspect(sandbox.handle)).toEqual({ status: 'running' });
      expect(await listed(kit)).toContain(sandbox.handle.containerId);

      await kit.driver.stop(sandbox.handle, { graceMs: 0 });
      expect(['exited', 'gone']).toContain((await kit.driver.inspect(sandbox.handle)).status);
      expect(await kit.driver.remove(sandbox.handle)).toEqual(NOTHING);
      expect(await kit.driver.inspect(sandbox.handle)).toEqual({ status: 'gone' });
      expect(await listed(kit)).not.toContain(sandbox.handle.containerId);
    });

    it('hands out handles that survive JSON and can be used by another driver over the same world', async (context) => {
      const { reopen } = kit.subject.probes;
      if (reopen === undefined) return context.skip('this driver has no second view of its world');
      await using sandbox = await kit.sandbox();

      const second = reopen();
      const found = (await second.list()).find((one) => one.containerId === sandbox.handle.containerId);
      expect(found).toEqual(JSON.parse(JSON.stringify(sandbox.handle)));
      const ran = await testSandbox(second, found ?? sandbox.handle, sandbox.name).run('echo adopted');
      expect(ran.stdout).toBe('adopted\n');
    });

    it('lists every sandbox this installation owns', async () => {
      await using first = await kit.sandbox();
      await using second = await kit.sandbox();

      expect(await listed(kit)).toEqual(
        expect.arrayContaining([first.handle.containerId, second.handle.containerId]),
      );
    });

    it('stops and removes twice with success, and what never was too', async () => {
      await using sandbox = await kit.sandbox();
      await kit.driver.stop(sandbox.handle, { graceMs: 0 });
      await kit.driver.stop(sandbox.handle, { graceMs: 0 });
      expect(await kit.driver.remove(sandbox.handle)).toEqual(NOTHING);
      expect(await kit.driver.remove(sandbox.handle)).toEqual(NOTHING);
      await kit.driver.stop(sandbox.handle, { graceMs: 0 });

      const never = kit.driver.newHandle(newContainerId());
      expect(await kit.driver.inspect(never)).toEqual({ status: 'gone' });
      await kit.driver.stop(never, { graceMs: 0 });
      expect(await kit.driver.remove(never)).toEqual(NOTHING);
    });

    it('removes a sandbox that still runs', async () => {
      await using sandbox = await kit.sandbox();

      expect(await kit.driver.remove(sandbox.handle)).toEqual(NOTHING);
      expect(await kit.driver.inspect(sandbox.handle)).toEqual({ status: 'gone' });
    });

    it('refuses an id that is not whole, because runtimes match ids by prefix', () => {
      const whole = newContainerId();

      expect(() => kit.driver.newHandle(whole.slice(0, -1))).toThrow(AppError);
      expect(() => kit.driver.newHandle(`${whole.slice(0, -1)}*`)).toThrow(AppError);
      expect(kit.driver.newHandle(whole).containerId).toBe(whole);
    });

    it('keeps sandboxes apart whose ids differ in the last character only', async () => {
      const stem = newContainerId().slice(0, -1);
      const one = kit.driver.newHandle(`${stem}1`);
      const two = kit.driver.newHandle(`${stem}2`);
      await kit.driver.create(one, kit.spec(), neverAborted());
      await using first = testSandbox(kit.driver, one, 'one');
      await kit.driver.create(two, kit.spec(), neverAborted());
      await using second = testSandbox(kit.driver, two, 'two');

      await kit.driver.stop(first.handle, { graceMs: 0 });
      await kit.driver.remove(first.handle);

      expect(await kit.driver.inspect(two)).toEqual({ status: 'running' });
      expect((await second.run('hostname')).stdout.trim()).toBe(`${stem}2`);
    });

    it('refuses a second create with the same id and leaves the first unharmed', async () => {
      await using sandbox = await kit.sandbox();

      const error = await rejection(kit.driver.create(sandbox.handle, kit.spec(), neverAborted()));

      expect(error).toBeInstanceOf(AppError);
      expect(await listed(kit)).toContain(sandbox.handle.containerId);
      expect((await sandbox.run('echo still here')).stdout).toBe('still here\n');
    });

    it('pauses and resumes, each as often as one likes', async (context) => {
      if (!kit.info.capabilities.pause) return context.skip('this driver cannot pause');
      await using sandbox = await kit.sandbox();

      await kit.driver.pause(sandbox.handle);
      await kit.driver.pause(sandbox.handle);
      expect(await kit.driver.inspect(sandbox.handle)).toEqual({ status: 'paused' });
      await kit.driver.resume(sandbox.handle);
      await kit.driver.resume(sandbox.handle);
      expect(await kit.driver.inspect(sandbox.handle)).toEqual({ status: 'running' });
      expect((await sandbox.run('echo awake')).stdout).toBe('awake\n');
    });

    it('freezes the clock of a running command while paused', async (context) => {
      if (!kit.info.capabilities.pause) return context.skip('this driver cannot pause');
      await using sandbox = await kit.sandbox();
      const running = sandbox.start('echo ready; sleep 1; echo woke', { timeoutMs: 4000 });
      await running.said('ready');

      await kit.driver.pause(sandbox.handle);
      await letTimePass(5000);
      await kit.driver.resume(sandbox.handle);
      const { outcome, stdout } = await running.ended;

      expect(outcome).toMatchObject({ cause: 'exited', exitCode: 0 });
      expect(stdout).toBe('ready\nwoke\n');
      expect(outcome.durationMs).toBeLessThan(4000);
    });

    it('stops a paused sandbox', async (context) => {
      if (!kit.info.capabilities.pause) return context.skip('this driver cannot pause');
      await using sandbox = await kit.sandbox();
      await kit.driver.pause(sandbox.handle);

      await kit.driver.stop(sandbox.handle, { graceMs: 1000 });

      expect(['exited', 'gone']).toContain((await kit.driver.inspect(sandbox.handle)).status);
    });

    it('notices within two seconds that a sandbox was killed from outside', async () => {
      await using sandbox = await kit.sandbox();
      const exit = Promise.withResolvers<SandboxExit>();
      using _watch = kit.driver.watch(sandbox.handle, exit.resolve);
      const running = sandbox.start('echo ready; sleep 60');
      await running.said('ready');

      const killedAt = performance.now();
      await kit.subject.probes.killSandbox(sandbox.handle);
      const seen = await exit.promise;

      expect(seen.cause).toBe('sandbox-lost');
      expect(performance.now() - killedAt).toBeLessThan(NOTICED_WITHIN_MS);
      expect((await running.ended).outcome).toMatchObject({ cause: 'sandbox-lost', exitCode: null });
      expect((await kit.driver.inspect(sandbox.handle)).status).not.toBe('running');
      expect(await kit.driver.remove(sandbox.handle)).toEqual(NOTHING);
    });

    it('does not report a stop or a removal as a death', async () => {
      await using sandbox = await kit.sandbox();
      const exits: SandboxExit[] = [];
      using _watch = kit.driver.watch(sandbox.handle, (exit) => exits.push(exit));

      await kit.driver.stop(sandbox.handle, { graceMs: 0 });
      await kit.driver.remove(sandbox.handle);
      await letTimePass(kit.subject.simulated === undefined ? NOTICED_WITHIN_MS : 20);

      expect(exits).toEqual([]);
    });

    it('measures what a sandbox uses', async (context) => {
      if (!kit.info.capabilities.stats) return context.skip('this driver has no stats');
      await using sandbox = await kit.sandbox();
      const before = await kit.driver.stats(sandbox.handle);

      await sandbox.run('dd if=/dev/zero of=/workspace/five bs=1M count=5');
      const after = await kit.driver.stats(sandbox.handle);

      expect(before.memoryBytes).toBeGreaterThan(0);
      expect(after.cpuSeconds).toBeGreaterThanOrEqual(before.cpuSeconds);
      expect(after.processes).toBeGreaterThanOrEqual(1);
      if (kit.info.capabilities.diskLimit) {
        expect(after.diskBytes - before.diskBytes).toBeGreaterThanOrEqual(5 * 1024 * 1024);
      }
    });
  });
}

async function listed(kit: Kit): Promise<string[]> {
  return (await kit.driver.list()).map((handle) => handle.containerId);
}
