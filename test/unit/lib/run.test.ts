import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run, runError, runOrThrow, SAFE_PATH, type RunRequest } from '../../../src/lib/run.ts';
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts';

const LONG_MS = 8_000;
const shell = (script: string, more: Partial<RunRequest> = {}) =>
  run({ file: 'sh', args: ['-c', script], timeoutMs: LONG_MS, ...more });

describe('run', () => {
  test('tells exit code and both streams as they were written', async () => {
    expect(await shell(`printf 'out\\n\\n'; printf err >&2; exit 3`)).toMatchObject({
      exitCode: 3,
      signal: null,
      timedOut: false,
      cancelled: false,
      overflowed: false,
      notStarted: false,
      stdout: 'out\n\n',
      stderr: 'err',
    });
  });

  test('hands arguments over as they are: there is no shell', async () => {
    const { stdout } = await run({
      file: 'printf',
      args: ['%s|', '$HOME', '; id', '*', '', "'"],
      timeoutMs: LONG_MS,
    });
    expect(stdout).toBe(`$HOME|; id|*||'|`);
  });

  test('gives the program only the environment that was given', async () => {
    process.env['AIRLOCK_TEST_SECRET'] = 'secret';
    try {
      const bare = await run({ file: 'env', args: [], timeoutMs: LONG_MS });
      expect(bare.stdout).toBe(`PATH=${SAFE_PATH}\n`);
      const given = await run({ file: '/usr/bin/env', args: [], env: { ONLY: 'this' }, timeoutMs: LONG_MS });
      expect(given.stdout).toBe('ONLY=this\n');
    } finally {
      delete process.env['AIRLOCK_TEST_SECRET'];
    }
  });

  test('gives text or bytes to standard input, and nothing by default', async () => {
    const cat = (input?: string | Uint8Array) =>
      run({ file: 'cat', args: [], timeoutMs: LONG_MS, ...(input === undefined ? {} : { input }) });
    expect((await cat('grüße')).stdout).toBe('grüße');
    expect((await cat(new Uint8Array([97, 0, 98]))).stdout).toBe('a\0b');
    expect(await cat()).toMatchObject({ exitCode: 0, stdout: '' });
  });

  test('lets a program leave its input unread', async () => {
    const ended = await run({ file: 'true', args: [], input: 'x'.repeat(1_000_000), timeoutMs: LONG_MS });
    expect(ended).toMatchObject({ exitCode: 0, notStarted: false });
  });

  test('runs in the directory that was given', async () => {
    await using directory = await temporaryDirectory();
    expect((await shell('pwd -P', { cwd: directory.path })).stdout).toBe(`${directory.path}\n`);
  });

  test('tells a program that is not there, or not executable, or whose directory is missing, as not started', async () => {
    await using directory = await temporaryDirectory();
    const plain = join(directory.path, 'plain');
    await writeFile(plain, 'x');
    await chmod(plain, 0o644);
    const attempts: RunRequest[] = [
      { file: 'no-such-program', args: [], timeoutMs: LONG_MS },
      { file: plain, args: [], timeoutMs: LONG_MS },
      { file: 'true', args: [], cwd: join(directory.path, 'missing'), timeoutMs: LONG_MS },
    ];
    for (const attempt of attempts) {
      const ended = await run(attempt);
      expect(ended).toMatchObject({ notStarted: true, exitCode: null, signal: null, timedOut: false });
      expect(runError(ended)).toMatchObject({
        code: 'RUNTIME_FAILED',
        message: expect.stringContaining('could not be started'),
      });
    }
  });

  test.each(['KILL', 'TERM', 'SEGV'])(
    'tells a program ended by SIG%s as that, not as not started',
    async (signal) => {
      expect(await shell(`kill -${signal} $$`)).toMatchObject({
        exitCode: null,
        signal: `SIG${signal}`,
        notStarted: false,
        timedOut: false,
        cancelled: false,
      });
    },
  );

  test('kills a program at its timeout, whatever it does about other signals', async () => {
    const ended = await shell(`trap '' TERM INT HUP; echo begun; exec sleep 60`, { timeoutMs: 150 });
    expect(ended).toMatchObject({ timedOut: true, signal: 'SIGKILL', notStarted: false, stdout: 'begun\n' });
    expect(runError(ended)).toMatchObject({
      code: 'RUNTIME_TIMEOUT',
      message: expect.stringContaining('did not end'),
    });
  });

  test('kills a program when it is cancelled, before or while it runs', async () => {
    const controller = new AbortController();
    const running = run({ file: 'sleep', args: ['60'], timeoutMs: LONG_MS, signal: controller.signal });
    controller.abort();
    expect(await running).toMatchObject({ cancelled: true, timedOut: false, notStarted: false });
    const before = await run({
      file: 'sleep',
      args: ['60'],
      timeoutMs: LONG_MS,
      signal: AbortSignal.abort(),
    });
    expect(before).toMatchObject({ cancelled: true, notStarted: false });
    expect(runError(before)).toMatchObject({ code: 'CANCELLED' });
  });

  test('ends a program that writes more than is kept', async () => {
    const ended = await run({ file: 'yes', args: [], timeoutMs: LONG_MS, maxOutputBytes: 1_000 });
    expect(ended).toMatchObject({ overflowed: true, timedOut: false, notStarted: false });
    expect(ended.stdout.length).toBeLessThanOrEqual(1_000);
    expect(runError(ended).message).toContain('wrote more');
  });

  test('ends with its program although a process it left behind holds the pipes', async () => {
    const left = await shell('sleep 9 & echo $!; exit 4');
    process.kill(Number(left.stdout), 'SIGKILL');
    expect(left).toMatchObject({ exitCode: 4, timedOut: false });
    expect(left.durationMs).toBeLessThan(5_000);
  });

  test('ends at its timeout although a process it left behind holds the pipes', async () => {
    const left = await shell('sleep 9 & echo $!; exec sleep 9', { timeoutMs: 150 });
    process.kill(Number(left.stdout), 'SIGKILL');
    expect(left).toMatchObject({ timedOut: true, signal: 'SIGKILL' });
    expect(left.durationMs).toBeLessThan(5_000);
  });

  test('keeps everything a program wrote just before it ended', async () => {
    const { stdout } = await run({ file: 'head', args: ['-c', '3000000', '/dev/zero'], timeoutMs: LONG_MS });
    expect(stdout).toHaveLength(3_000_000);
  });

  test('lets go of all output when asked to', async () => {
    const ended = await shell('echo lost; exit 5', { output: 'ignore' });
    expect(ended).toMatchObject({ exitCode: 5, stdout: '', stderr: '' });
  });

  test('refuses an argument with a NUL byte, which no program can be given', async () => {
    await expect(run({ file: 'echo', args: ['a\0b'], timeoutMs: LONG_MS })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
  });
});

describe('runOrThrow', () => {
  test('returns what ended with 0', async () => {
    expect(await runOrThrow({ file: 'echo', args: ['x'], timeoutMs: LONG_MS })).toMatchObject({
      stdout: 'x\n',
    });
  });

  test('throws with the program, its exit code and its last words', async () => {
    const script = 'echo one >&2; echo "the reason" >&2; exit 7';
    await expect(runOrThrow({ file: 'sh', args: ['-c', script], timeoutMs: LONG_MS })).rejects.toMatchObject({
      code: 'RUNTIME_FAILED',
      message: 'sh ended with exit code 7: the reason',
      context: { exitCode: 7, stderr: 'one\nthe reason\n' },
    });
  });
});
