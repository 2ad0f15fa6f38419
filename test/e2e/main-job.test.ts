import { expect, test } from 'vitest';
import { createInstallation } from '../fixtures/run-bot.ts';

const MAIN_JOB =
  '/agent create box\n/agent exec box -- echo hello from $(uname -s) $(id -u)\n/agent stop box\n';

test('the main job: creates, runs and stops in a real sandbox, and leaves nothing behind', async () => {
  const installation = await createInstallation();

  const { exitCode, stdout, stderr } = await installation.pipe(MAIN_JOB);

  const lines = stdout.split('\n');
  expect(stderr).toBe('');
  expect(lines).toContain('hello from Linux 65534');
  const statuses = lines.flatMap((line) => /^Agent box: ([A-Z]+)/.exec(line)?.[1] ?? []);
  expect(statuses).toEqual(['PENDING', 'CREATING', 'RUNNING', 'STOPPING', 'STOPPED']);
  expect(exitCode).toBe(0);
  expect(await installation.leftovers()).toEqual([]);
});

test('a command that ends with another code than 0 ends the run with 1, and the agent is stopped on exit', async () => {
  const installation = await createInstallation();

  const { exitCode, stdout } = await installation.pipe('/agent create box\n/agent exec box -- exit 3\n');

  expect(stdout).toContain('exit code 3');
  expect(exitCode).toBe(1);
  expect(await installation.leftovers()).toEqual([]);
});

test('output reaches a pipe as the command printed it, up to the last byte that is kept', async () => {
  const installation = await createInstallation();

  const { exitCode, stdout } = await installation.pipe(
    '/agent create box\n/agent exec box -- seq 1 60000\n/agent exec box -- printf "no newline"\n',
  );

  const numbers = stdout.split('\n').filter((line) => /^\d+$/.test(line));
  expect(numbers).toEqual(Array.from({ length: 60_000 }, (_, index) => String(index + 1)));
  expect(stdout.split('\n')).toContain('no newline');
  expect(exitCode).toBe(0);
});
