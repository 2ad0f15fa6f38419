import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createInstallation, REPOSITORY } from '../fixtures/run-bot.ts';

test('a second bot on the same data directory is refused, and the first goes on', async () => {
  const installation = await createInstallation();
  const first = spawn('bash', [join(REPOSITORY, 'scripts/start.sh')], {
    cwd: REPOSITORY,
    env: installation.environment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(first, 'exit');
  onTestFinished(() => {
    first.kill('SIGKILL');
  });
  first.stdin.write('/agent list\n');
  // It answers, so it has the directory.
  await once(first.stdout, 'data');

  const second = await installation.pipe('/agent list\n');
  first.stdin.end('/agent list\n');

  expect(second.exitCode).toBe(1);
  expect(second.stdout).toBe('');
  expect(second.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(second.stderr).toMatch(/^airlock: .*(in use|another)/);
  expect(await ended).toEqual([0, null]);
});

test('SIGTERM stops the bot and its agents gracefully', async () => {
  const installation = await createInstallation();
  const bot = spawn('bash', [join(REPOSITORY, 'scripts/start.sh')], {
    cwd: REPOSITORY,
    env: installation.environment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(bot, 'exit');
  onTestFinished(() => {
    bot.kill('SIGKILL');
  });
  let printed = '';
  const running = new Promise<void>((resolve) => {
    bot.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      if (printed.includes('Agent box: RUNNING')) resolve();
    });
  });
  bot.stdin.write('/agent create box\n');
  await running;

  bot.kill('SIGTERM');

  expect(await ended).toEqual([0, null]);
  expect(await installation.leftovers()).toEqual([]);
});

test('without a sandbox runtime agents are refused with the reason and the way out', async () => {
  const installation = await createInstallation();

  const { exitCode, stdout } = await installation.pipe('/agent create box\n/agent list\n', {
    AIRLOCK_RUNSC: '/nonexistent/runsc',
  });

  expect(stdout).toMatch(/^error: no sandbox runtime.*install gVisor/im);
  expect(stdout).toContain('doctor');
  expect(exitCode).toBe(1);
  expect(await installation.leftovers()).toEqual([]);
});

test('a Slack token without a way for requests to come in is an error, not a silent terminal', async () => {
  const installation = await createInstallation();

  const { exitCode, stdout, stderr } = await installation.pipe('/agent list\n', {
    SLACK_BOT_TOKEN: 'xoxb-not-a-real-token',
  });

  expect(exitCode).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toContain('SLACK_APP_TOKEN: add the app-level token');
  expect(stderr).not.toContain('not-a-real-token');
});

test('a Discord token without the application it belongs to is an error, not a silent terminal', async () => {
  const installation = await createInstallation();

  const { exitCode, stdout, stderr } = await installation.pipe('/agent list\n', {
    DISCORD_BOT_TOKEN: 'not-a-real-token',
  });

  expect(exitCode).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toContain('DISCORD_APPLICATION_ID');
  expect(stderr).not.toContain('not-a-real-token');
});

test('a broken airlock.yaml is refused with its line, and nothing is made', async () => {
  const installation = await createInstallation();
  const file = join(installation.dataDir, '..', 'airlock.yaml');
  await writeFile(file, 'limits:\n  maxAgents: many\n');

  const { exitCode, stderr } = await installation.pipe('/agent list\n');

  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/airlock\.yaml.*2/s);
  expect(stderr).toContain('many');
  expect(stderr).not.toMatch(/\n\s+at /);
});

test('a data directory that cannot be one is refused with its path', async () => {
  const installation = await createInstallation();
  await mkdir(join(installation.dataDir, '..', 'x'));
  const file = join(installation.dataDir, '..', 'x', 'file');
  await writeFile(file, '');

  const { exitCode, stderr } = await installation.pipe('/agent list\n', { AIRLOCK_DATA_DIR: file });

  expect(exitCode).toBe(1);
  expect(stderr).toContain(file);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
});
