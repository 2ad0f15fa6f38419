import { expect, test } from 'vitest';
import { startBot } from '../fixtures/live-bot.ts';
import { auditOf, type ExportedEntry } from '../fixtures/operator.ts';
import { createInstallation } from '../fixtures/run-bot.ts';

/** The entries of finished commands with what ran, oldest first. */
function finished(entries: readonly ExportedEntry[]): { exec: unknown; evidence: unknown }[] {
  return entries
    .filter(({ type, data }) => type === 'action.finished' && data['exec'] !== null)
    .map(({ data }) => ({ exec: data['exec'], evidence: data['evidence'] }));
}

test('a command that needs more memory than its agent has ends it, and everything says out of memory', async () => {
  const installation = await createInstallation();

  const { exitCode, stdout } = await installation.pipe(
    '/agent create box --memory 64m\n/agent exec box --timeout 60s -- head -c 300m /dev/zero | tail\n/agent list --all\n',
  );

  expect(stdout).toMatch(/^Agent box: ERROR: out of memory: it needed more than its 64 MiB/m);
  expect(stdout).toMatch(/^exec box: .*the memory of the agent was used up/m);
  expect(stdout).toMatch(/more --memory/);
  expect(stdout).not.toContain('the agent was stopped');
  expect(stdout).toMatch(/^ +box +ERROR/m);
  expect(exitCode).toBe(1);
  const audit = await auditOf(installation);
  expect(finished(audit)).toMatchObject([{ exec: { cause: 'out-of-memory', success: false } }]);
  expect(audit.find(({ type }) => type === 'agent.ended')?.data).toMatchObject({
    cause: 'out-of-memory',
    evidence: { oomKills: expect.any(Number) },
  });
  expect(await installation.leftovers()).toEqual([]);
});

test('a full disk, a fork bomb, a flood and a daemon past its timeout end in a clear word, and the agent lives', async () => {
  const installation = await createInstallation();
  const flood = String.raw`printf HEAD; head -c 20000000 /dev/zero | tr '\0' x; printf TAIL`;

  const { exitCode, stdout } = await installation.pipe(
    [
      '/agent create box --disk 32m --processes 20',
      '/agent exec box --timeout 60s -- dd if=/dev/zero of=/workspace/x bs=1M count=100',
      '/agent exec box -- rm /workspace/x && echo after the disk',
      '/agent exec box -- while :; do sleep 600 >/dev/null 2>&1 & done',
      '/agent exec box -- kill -9 -1 2>/dev/null; echo never',
      '/agent exec box -- echo after the bomb',
      `/agent exec box --timeout 60s -- ${flood}`,
      "/agent exec box --timeout 1s -- (setsid sh -c '(setsid env -i sleep 987 &) ; sleep 986' &) ; sleep 985",
      '/agent exec box -- ps | grep -c "sleep 98[5-7]"; echo after the daemon',
      '/agent list',
      '',
    ].join('\n'),
  );

  expect(stdout).toContain('No space left on device');
  expect(stdout).toMatch(/the disk of the agent is almost full: .*--disk/);
  expect(stdout).toContain("can't fork");
  expect(stdout).toMatch(/the number of processes was near the limit: .*--processes/);
  expect(stdout).toMatch(/19\.1 MiB, of which the middle was not kept/);
  expect(stdout).toMatch(/^exec box: .*its time was up/m);
  const lines = stdout.split('\n');
  for (const line of ['after the disk', 'after the bomb', 'after the daemon']) expect(lines).toContain(line);
  expect(lines[lines.indexOf('after the daemon') - 1]).toBe('0');
  expect(stdout).toMatch(/^ +box +RUNNING/m);
  expect(exitCode).toBe(1);
  const ran = finished(await auditOf(installation));
  expect(ran[0]).toMatchObject({ exec: { exitCode: 1, hints: ['disk-almost-full'] } });
  expect(ran[2]).toMatchObject({ exec: { hints: ['near-process-limit'] }, evidence: { measured: {} } });
  expect(ran[5]).toMatchObject({ exec: { success: true, truncated: true, stdoutBytes: 20_000_008 } });
  expect(ran[6]).toMatchObject({
    exec: { cause: 'timed-out', timedOut: true, success: false },
    evidence: { sweep: { left: [] }, sweepError: null },
  });
  expect(await installation.leftovers()).toEqual([]);
});

test('a sandbox killed from outside is noticed within two seconds, and its card and audit say so', async () => {
  const installation = await createInstallation();
  const bot = startBot(installation);
  await bot.ask('/agent create box', /^Agent box: RUNNING/m);
  const process = (await installation.leftovers()).find((line) => /^process \d+ runsc-sandbox/.test(line));
  const pid = Number(process?.split(' ')[1]);

  const killedAt = performance.now();
  globalThis.process.kill(pid, 'SIGKILL');
  await bot.seen(/^Agent box: ERROR: the sandbox was killed from outside or crashed/m);

  expect(performance.now() - killedAt).toBeLessThan(2000);
  await bot.ask('/agent exec box -- ls', /cannot exec box: it is ERROR, and that needs RUNNING/);
  expect(await bot.end()).toBe(1);
  const audit = await auditOf(installation);
  expect(audit.find(({ type }) => type === 'agent.ended')?.data).toMatchObject({
    cause: 'sandbox-lost',
    evidence: { pid, oomKills: 0 },
  });
  expect(await installation.leftovers()).toEqual([]);
});
