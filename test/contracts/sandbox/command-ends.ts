import { describe, expect, it } from 'vitest';
import type { Kit } from './kit.ts';

/** Double-forked, in a session of its own, with a cleaned environment and closed streams: nothing ties it to its command. */
const daemon = (seconds: number) => `(env -i setsid sleep ${seconds} </dev/null >/dev/null 2>&1 &)`;

export function describeCommandEnds(kit: Kit): void {
  describe('ends of commands', () => {
    it('ends a command at its timeout, with what it said until then', async () => {
      await using sandbox = await kit.sandbox();

      const { outcome, stdout } = await sandbox.run('echo before; sleep 3601', { timeoutMs: 1000 });

      expect(outcome).toMatchObject({ cause: 'timed-out', exitCode: null, signal: null });
      expect(outcome.durationMs).toBeGreaterThan(990);
      expect(stdout).toBe('before\n');
      expect(Object.keys(outcome.evidence)).not.toEqual([]);
      expect(await sandbox.processes()).not.toContain('sleep 3601');
    });

    it('ends a daemon that cut every tie to its command, after a timeout', async () => {
      await using sandbox = await kit.sandbox();

      const { outcome } = await sandbox.run(`${daemon(3602)}; sleep 3603`, { timeoutMs: 1500 });

      expect(outcome.cause).toBe('timed-out');
      expect(await sandbox.processes()).not.toMatch(/sleep 360[23]/);
      expect((await sandbox.run('echo usable')).stdout).toBe('usable\n');
    });

    it('leaves the daemon of a command that ended normally, also when a later command times out', async () => {
      await using sandbox = await kit.sandbox();

      expect((await sandbox.run(daemon(3604))).outcome).toMatchObject({ cause: 'exited', exitCode: 0 });
      expect(await sandbox.processes()).toContain('sleep 3604');

      await sandbox.run(`${daemon(3605)}; sleep 3606`, { timeoutMs: 1500 });
      const left = await sandbox.processes();
      expect(left).toContain('sleep 3604');
      expect(left).not.toMatch(/sleep 360[56]/);
    });

    it('leaves the tree of another running command when one times out', async () => {
      await using sandbox = await kit.sandbox();
      const other = sandbox.start('echo ready; sleep 3607');
      await other.said('ready');

      await sandbox.run('sleep 3608', { timeoutMs: 1000 });

      expect(await sandbox.processes()).toContain('sleep 3607');
      other.cancel();
      expect((await other.ended).outcome.cause).toBe('cancelled');
    });

    it('survives a fork bomb: at the timeout every process of it is gone', async () => {
      await using sandbox = await kit.sandbox({ maxProcesses: 30 });

      const { outcome } = await sandbox.run('bomb() { bomb | bomb & }; bomb; while :; do :; done', {
        timeoutMs: 2000,
      });

      expect(['timed-out', 'exited']).toContain(outcome.cause);
      expect(outcome.exitCode).not.toBe(0);
      expect(await kit.driver.inspect(sandbox.handle)).toEqual({ status: 'running' });
      const after = await sandbox.run('sleep 0 & wait; ps');
      expect(after.outcome).toMatchObject({ cause: 'exited', exitCode: 0 });
      expect(after.stdout).not.toContain('bomb');
    });

    it('keeps the agent alive when a command kills everything it may', async () => {
      await using sandbox = await kit.sandbox();

      await sandbox.run('kill -9 -1');

      expect(await kit.driver.inspect(sandbox.handle)).toEqual({ status: 'running' });
      expect((await sandbox.run('echo alive')).stdout).toBe('alive\n');
    });

    it('cancels a running command with everything it started', async () => {
      await using sandbox = await kit.sandbox();
      const running = sandbox.start(`echo ready; ${daemon(3609)}; sleep 3610`);
      await running.said('ready');

      running.cancel();
      const { outcome } = await running.ended;

      expect(outcome).toMatchObject({ cause: 'cancelled', exitCode: null });
      expect(await sandbox.processes()).not.toMatch(/sleep 36(09|10)/);
    });

    it('kills an execution by its id, and an unknown one with success', async () => {
      await using sandbox = await kit.sandbox();
      const running = sandbox.start('echo ready; sleep 3611');
      await running.said('ready');

      await kit.driver.kill(sandbox.handle, running.execId);

      expect((await running.ended).outcome.cause).toBe('cancelled');
      expect(await sandbox.processes()).not.toContain('sleep 3611');
      await kit.driver.kill(sandbox.handle, running.execId);
    });

    it('gives commands the time to say goodbye when it stops gracefully', async () => {
      await using sandbox = await kit.sandbox();
      const running = sandbox.start(`trap 'echo goodbye; exit 0' TERM; echo ready; sleep 3612 & wait`);
      await running.said('ready');

      await kit.driver.stop(sandbox.handle, { graceMs: 5000 });
      const { outcome, stdout } = await running.ended;

      expect(outcome.cause).toBe('stopped');
      expect(stdout).toBe('ready\ngoodbye\n');
    });

    it('stops a command that refuses to go once the grace is over', async () => {
      await using sandbox = await kit.sandbox();
      const running = sandbox.start(`trap '' TERM; echo ready; while :; do sleep 1; done`);
      await running.said('ready');

      await kit.driver.stop(sandbox.handle, { graceMs: 500 });

      expect((await running.ended).outcome.cause).toBe('stopped');
      expect((await kit.driver.inspect(sandbox.handle)).status).not.toBe('running');
    });

    it('stops by force at once, and running commands end as stopped', async () => {
      await using sandbox = await kit.sandbox();
      const running = sandbox.start(`trap '' TERM; echo ready; while :; do sleep 1; done`);
      await running.said('ready');

      await kit.driver.stop(sandbox.handle, { graceMs: 0 });

      expect((await running.ended).outcome).toMatchObject({ cause: 'stopped', exitCode: null });
    });
  });
}
