import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'airlock-scripts-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

function runProgram(file: string, args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(file, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 15_000,
  });
  return { status, stdout, stderr };
}

it('every script is sound to the shell', async () => {
  const scripts = (await readdir('scripts')).filter((name) => name.endsWith('.sh'));
  expect(scripts).toContain('setup.sh');
  for (const file of [...scripts.map((name) => path.join('scripts', name)), '.ci/run']) {
    expect({ file, ...runProgram('bash', ['-n', file]) }).toEqual({
      file,
      status: 0,
      stdout: '',
      stderr: '',
    });
  }
});

it('the set-up says nothing and changes nothing where nothing is missing, beside another one too', () => {
  const setUp = ['bash', 'scripts/setup.sh', 'packages'];
  const { status, stdout, stderr } = runProgram('flock', ['.cache/setup.lock', ...setUp], {
    AIRLOCK_NO_INSTALL: '1',
  });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});

// Only root can become somebody else; who is not root already is.
const withoutRoot = (command: readonly [string, ...string[]]) =>
  process.getuid?.() === 0
    ? runProgram('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', ...command])
    : runProgram(command[0], command.slice(1));

describe('without root', () => {
  // The checkout itself may lie where only root can look.
  beforeEach(async () => {
    await chmod(directory, 0o755);
    await cp('scripts', path.join(directory, 'scripts'), { recursive: true });
  });

  it('npm start says so in one line with the command and starts nothing', () => {
    const { status, stdout, stderr } = withoutRoot(['bash', path.join(directory, 'scripts/start.sh')]);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^Airlock needs root [^\n]*sudo -E env "PATH=\$PATH" npm start\n$/);
  });

  it('a full test run is refused, and the one that works is named', () => {
    const { status, stderr } = withoutRoot([
      'bash',
      path.join(directory, 'scripts/test.sh'),
      '--project',
      'unit',
      '--project',
      'e2e',
    ]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^The sandbox tests need root[^\n]*npm run test:unit\)\n$/);
  });
});

describe('the last line of a test run', () => {
  const summary = (report: string, exitCode: string) =>
    runProgram(process.execPath, ['scripts/summary.ts', report, exitCode]).stdout;

  it('counts what passed, failed and was skipped', async () => {
    const report = path.join(directory, 'report.json');
    const counts = { numPassedTests: 5, numFailedTests: 2, numPendingTests: 3, numTodoTests: 1 };
    await writeFile(report, JSON.stringify(counts));
    expect(summary(report, '1')).toBe('5 passed, 2 failed, 4 skipped\n');
  });

  it('fails a run that ended before its report, and says so', async () => {
    const torn = path.join(directory, 'torn.json');
    await writeFile(torn, '{"numPassedTests": 5');
    for (const report of [torn, path.join(directory, 'missing.json')]) {
      expect(runProgram(process.execPath, ['scripts/summary.ts', report, '0'])).toEqual({
        status: 1,
        stdout: '0 passed, 1 failed, 0 skipped\n',
        stderr: 'test: the run ended with code 0 before its report was written\n',
      });
    }
  });

  it('never says that nothing failed when the run did', async () => {
    const report = path.join(directory, 'report.json');
    const counts = { numPassedTests: 5, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
    await writeFile(report, JSON.stringify(counts));
    expect(summary(report, '1')).toBe('5 passed, 1 failed, 0 skipped\n');
    expect(summary(path.join(directory, 'missing.json'), '1')).toBe('0 passed, 1 failed, 0 skipped\n');
  });
});
