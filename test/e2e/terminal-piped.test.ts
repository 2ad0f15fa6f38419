import { expect, test } from 'vitest';
import { createInstallation } from '../fixtures/run-bot.ts';

test('an action that needs approval waits, is approved by another person and then runs', async () => {
  const installation = await createInstallation();

  const { exitCode, stdout } = await installation.pipe(
    [
      '/as alice admin',
      '/agent create box',
      '/as bob operator',
      '/agent stop box',
      '# bob asks, so bob cannot decide',
      '/as bob approver',
      '1',
      '/as carol approver',
      '1',
      '',
    ].join('\n'),
  );

  expect(stdout).toContain('waiting for approval (0 of 1)');
  expect(stdout).toMatch(/error: .*(own|asked)/);
  expect(stdout).toMatch(/carol.*\[persona\] approved/);
  expect(stdout.split('\n')).toContain('Agent box: STOPPED');
  expect(exitCode).toBe(1);
  expect(await installation.leftovers()).toEqual([]);
});

test('a denial asks for its reason, and nothing runs', async () => {
  const installation = await createInstallation();

  const { exitCode, stdout } = await installation.pipe(
    '/as alice\ncreate box\n/as bob operator\nstop box\n/as carol approver\n2\nnot today\n/as alice\nstop box\n',
  );

  expect(stdout).toContain('denied: not today');
  expect(stdout.match(/^Agent box: STOPPED/gm)).toHaveLength(1);
  expect(stdout.indexOf('denied: not today')).toBeLessThan(stdout.indexOf('Agent box: STOPPED'));
  expect(exitCode).toBe(0);
  expect(await installation.leftovers()).toEqual([]);
});

test('bad lines are one error line each, the others run, and the exit code is 1', async () => {
  const installation = await createInstallation();
  const input = Buffer.concat([
    Buffer.from('# a comment\n\n/agent exec nobody -- ls\n/agent create box --cpu 0\n/agent craete box\n'),
    Buffer.from([0xff, 0xfe, 0x0a]),
    Buffer.from('/agent list \0\n'),
    Buffer.concat([Buffer.from('/agent exec box -- '), Buffer.alloc(1024 * 1024, 'x'), Buffer.from('\n')]),
    Buffer.from('/agent list\n'),
  ]);

  const { exitCode, stdout } = await installation.pipe(input);

  const errors = stdout.split('\n').filter((line) => line.startsWith('error: '));
  expect(errors).toEqual([
    expect.stringContaining('nobody'),
    expect.stringMatching(/cpu/i),
    expect.stringContaining('create'),
    expect.stringContaining('UTF-8'),
    expect.stringContaining('NUL'),
    expect.stringContaining('131072'),
  ]);
  expect(exitCode).toBe(1);
});

test('agents that are left running are adopted by the next start', async () => {
  const installation = await createInstallation();
  const first = await installation.pipe('/agent create box\n/agent exec box -- echo kept > note\n', {
    AIRLOCK_ON_EXIT: 'leave',
  });
  expect(first.exitCode).toBe(0);
  expect((await installation.leftovers()).join('\n')).toContain('process');

  const second = await installation.pipe('/agent exec box -- cat note\n/agent stop box\n');

  expect(second.stdout.split('\n')).toContain('kept');
  expect(second.stdout.split('\n')).toContain('Agent box: STOPPED');
  expect(second.exitCode).toBe(0);
  expect(await installation.leftovers()).toEqual([]);
});
