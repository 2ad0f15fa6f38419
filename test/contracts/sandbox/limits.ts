import { describe, expect, it } from 'vitest';
import type { SandboxExit } from '../../../src/sandboxes/sandbox.ts';
import type { Kit } from './kit.ts';

const ROOT = { uid: 0, gid: 0 };

export function describeLimits(kit: Kit): void {
  describe('limits', () => {
    it('ends a command that wants more memory than its agent has as out-of-memory', async (context) => {
      if (!kit.info.capabilities.enforced.memory) return context.skip('memory is not limited on this host');
      await using sandbox = await kit.sandbox({ memoryMb: 128 });
      const exit = Promise.withResolvers<SandboxExit>();
      using _watch = kit.driver.watch(sandbox.handle, exit.resolve);

      const { outcome } = await sandbox.run('dd if=/dev/zero of=/dev/null bs=512M count=1');

      expect(outcome).toMatchObject({ cause: 'out-of-memory', exitCode: null });
      // A driver whose limit ends the whole sandbox says so by its watch; one that ends the command only keeps it alive.
      const state = await kit.driver.inspect(sandbox.handle);
      if (state.status === 'running') {
        expect((await sandbox.run('echo alive')).stdout).toBe('alive\n');
      } else {
        expect((await exit.promise).cause).toBe('out-of-memory');
      }
    });

    it.each([
      { directory: '/workspace', user: undefined },
      { directory: '/tmp', user: undefined },
      { directory: '/', user: ROOT },
    ])('says that the disk is full on $directory, and lives on', async ({ directory, user }) => {
      await using sandbox = await kit.sandbox({ diskMb: 32 });
      if (directory === '/' && kit.subject.readOnlyRoot === true) {
        const refused = await sandbox.run('echo x > /fill', { user: ROOT });
        expect(refused.stderr).toContain('Read-only file system');
        return;
      }
      const file = `${directory === '/' ? '' : directory}/fill`;
      const as = user === undefined ? {} : { user };

      const ran = await sandbox.run(`dd if=/dev/zero of=${file} bs=1M count=64`, as);

      expect(ran.outcome).toMatchObject({ cause: 'exited' });
      expect(ran.outcome.exitCode).not.toBe(0);
      expect(ran.stderr).toContain('No space left on device');
      expect(ran.outcome.hints).toContain('disk-almost-full');
      expect(await kit.driver.inspect(sandbox.handle)).toEqual({ status: 'running' });
      expect((await sandbox.run(`rm ${file}; echo room again > ${file}; cat ${file}`, as)).stdout).toBe(
        'room again\n',
      );
    });

    it('does not count the disk as memory', async (context) => {
      if (!kit.info.capabilities.diskLimit) return context.skip('this driver has no disk limit');
      await using sandbox = await kit.sandbox({ memoryMb: 128, diskMb: 256 });

      const ran = await sandbox.run('dd if=/dev/zero of=/workspace/large bs=1M count=200');

      expect(ran.outcome).toMatchObject({ cause: 'exited', exitCode: 0 });
      expect(await kit.driver.inspect(sandbox.handle)).toEqual({ status: 'running' });
    });

    it('refuses more processes than the limit, says so, and stays usable', async (context) => {
      if (!kit.info.capabilities.enforced.processes) return context.skip('processes are not limited here');
      await using sandbox = await kit.sandbox({ maxProcesses: 10 });

      const ran = await sandbox.run(
        'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 3701 >/dev/null 2>&1 </dev/null & done',
      );

      expect(ran.outcome.exitCode).not.toBe(0);
      expect(ran.stderr).toMatch(/can't fork/);
      expect(ran.outcome.hints).toContain('near-process-limit');
      await sandbox.run('kill -9 -1');
      expect((await sandbox.run('sleep 0 & wait; echo usable')).stdout).toBe('usable\n');
    });

    it('allows as many processes as the limit says', async () => {
      await using sandbox = await kit.sandbox({ maxProcesses: 10 });

      const ran = await sandbox.run('for i in 1 2 3 4 5 6; do sleep 0 & done; wait; echo all');

      expect(ran).toMatchObject({ stdout: 'all\n', outcome: { exitCode: 0 } });
    });

    it('gives a busy command no more than its share of the processor', async (context) => {
      const { enforced, stats } = kit.info.capabilities;
      if (!enforced.cpu) return context.skip('the processor is not limited on this host');
      if (!stats) return context.skip('this driver has no stats');
      const cpuCores = 0.25;
      await using sandbox = await kit.sandbox({ cpuCores });
      const before = await kit.driver.stats(sandbox.handle);
      const startedAt = performance.now();

      await sandbox.run('while :; do :; done', { timeoutMs: 3000 });

      const elapsedSeconds = (performance.now() - startedAt) / 1000;
      const usedSeconds = (await kit.driver.stats(sandbox.handle)).cpuSeconds - before.cpuSeconds;
      const share = usedSeconds / elapsedSeconds;
      expect(share).toBeGreaterThan(cpuCores / 5);
      expect(share).toBeLessThan(cpuCores * 1.3);
    });
  });
}
