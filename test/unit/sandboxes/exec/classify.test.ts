import { describe, expect, it, test } from 'vitest';
import {
  classifyEnd,
  hintsOf,
  notStartedError,
  parseWaitStatus,
  type EndObserved,
} from '../../../../src/sandboxes/exec/classify.ts';

const ALIVE = { alive: true, stopping: false, outOfMemory: null };
const DEAD = { ...ALIVE, alive: false };
const OOM = { ...DEAD, outOfMemory: { oomKill: 1 } };
const STOPPING = { ...DEAD, stopping: true };
const exited = (code: number): number => code << 8;

const ends: [string, Partial<EndObserved>, string, number | null, number | null][] = [
  ['a success', { clientExitCode: 0, waitStatus: 0 }, 'exited', 0, null],
  ['a failure', { clientExitCode: 3, waitStatus: exited(3) }, 'exited', 3, null],
  ['a program that chose 137', { clientExitCode: 137, waitStatus: exited(137) }, 'exited', 137, null],
  ['a program that chose 128', { clientExitCode: 128, waitStatus: exited(128) }, 'exited', 128, null],
  ['one killed by signal 9', { clientExitCode: 137, waitStatus: 9 }, 'signalled', null, 9],
  ['one that dumped core', { clientExitCode: 139, waitStatus: 11 | 0x80 }, 'signalled', null, 11],
  ['137 without the line in the log', { clientExitCode: 137 }, 'exited', 137, null],
  ['128 without the line, sandbox alive', { clientExitCode: 128 }, 'unknown', null, null],
  ['128 without the line, sandbox gone', { clientExitCode: 128, sandbox: DEAD }, 'sandbox-lost', null, null],
  ['128 with the oom counter', { clientExitCode: 128, sandbox: OOM }, 'out-of-memory', null, null],
  ['128 while the agent stops', { clientExitCode: 128, sandbox: STOPPING }, 'stopped', null, null],
  ['a client killed from outside', { clientExitCode: null }, 'unknown', null, null],
  [
    '0 of an incarnation that is gone',
    { clientExitCode: 0, waitStatus: 0, sandbox: DEAD },
    'sandbox-lost',
    null,
    null,
  ],
  [
    '1 right before the sandbox went',
    { clientExitCode: 1, waitStatus: exited(1), sandbox: DEAD },
    'exited',
    1,
    null,
  ],
  ['a timeout', { clientExitCode: 137, waitStatus: 9, endedBy: 'timed-out' }, 'timed-out', null, null],
  ['a cancel', { clientExitCode: null, endedBy: 'cancelled' }, 'cancelled', null, null],
  ['a stop', { clientExitCode: 128, endedBy: 'stopped', sandbox: DEAD }, 'stopped', null, null],
];

test.each(ends)('%s', (_name, seen, cause, exitCode, signal) => {
  const observed = { clientExitCode: null, waitStatus: null, endedBy: null, sandbox: ALIVE, ...seen };
  expect(classifyEnd(observed)).toEqual({ cause, exitCode, signal });
});

test('reads the wait status from the log of both ages', () => {
  expect(parseWaitStatus('I1122 18:08:19.731105   11817 main.go:266] Exiting with status: 35072\n')).toBe(
    35072,
  );
  expect(parseWaitStatus('I1122 18:20:30.587147   19238 cli.go:317] Exiting with status: 9\n')).toBe(9);
  expect(parseWaitStatus('W1122 cli.go:326] Failure to execute command, err: 1\n')).toBeNull();
});

describe('hints', () => {
  const measured = { processes: 5, maxProcesses: 50, disk: { usedBytes: 10, totalBytes: 100 } };
  it('are none when there is room', () => {
    expect(hintsOf(measured, false)).toEqual([]);
    expect(hintsOf(null, false)).toEqual([]);
  });
  it('tell of processes, disk and others', () => {
    expect(hintsOf({ ...measured, processes: 45 }, false)).toEqual(['near-process-limit']);
    expect(hintsOf({ ...measured, disk: { usedBytes: 95, totalBytes: 100 } }, false)).toEqual([
      'disk-almost-full',
    ]);
    expect(hintsOf({ ...measured, processes: null, disk: null }, true)).toEqual(['others-killed']);
  });
});

describe('a command that never started', () => {
  const details = { program: 'nosuch', shell: false, cwd: '/workspace', sandbox: ALIVE };
  const executing = 'executing processes for container: executing command "nosuch" in sandbox: ';
  test.each([
    [
      `${executing}error finding executable "nosuch" in PATH []: no such file or directory`,
      details,
      'INVALID_INPUT',
      'nosuch',
    ],
    [
      `${executing}no such file or directory`,
      { ...details, program: '/bin/sh', shell: true },
      'INVALID_INPUT',
      'shell',
    ],
    [`${executing}permission denied`, details, 'INVALID_INPUT', 'nosuch'],
    [`${executing}try again`, details, 'RUNTIME_BUSY', 'process limit'],
    [`${executing}argument list too long`, details, 'TOO_LONG', 'too long'],
    ['cannot exec in container in state paused', details, 'WRONG_STATE', 'paused'],
    [
      'urpc method "containerManager.ExecuteAsync" failed: EOF',
      { ...details, sandbox: DEAD },
      'SANDBOX_LOST',
      'gone',
    ],
    [
      'urpc method "containerManager.ExecuteAsync" failed: EOF',
      { ...details, sandbox: STOPPING },
      'WRONG_STATE',
      'stopping',
    ],
    ['something new', details, 'RUNTIME_FAILED', 'something new'],
    ['', details, 'RUNTIME_FAILED', 'no reason'],
  ])('because of %j', (said, given, code, text) => {
    const error = notStartedError(said, given);
    expect(error.code).toBe(code);
    expect(error.message).toContain(text);
  });
});
