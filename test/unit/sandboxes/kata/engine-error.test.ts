import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../../../src/lib/run.ts';
import { complaintOf, engineError, failedInSilence } from '../../../../src/sandboxes/kata/engine-error.ts';

const failed = (stderr: string): RunResult => ({
  command: 'nerdctl start x',
  exitCode: 1,
  signal: null,
  stdout: '',
  stderr,
  timedOut: false,
  cancelled: false,
  overflowed: false,
  notStarted: false,
  durationMs: 1,
});

describe('what an engine says of its failure', () => {
  it.each([
    ['Error response from daemon: told to fail\nmore', 'Error response from daemon: told to fail'],
    [
      'time="2026-11-23T00:00:00Z" level=warning msg="cannot set cgroup manager"\n' +
        'time="2026-11-23T00:00:01Z" level=fatal msg="1 errors:\\nno such container: nosuch"\n',
      'no such container: nosuch',
    ],
    [
      String.raw`time="2026-11-23T00:00:01Z" level=fatal msg="exec: \"bridge\": not found in [/opt/cni/bin]"`,
      'exec: "bridge": not found in [/opt/cni/bin]',
    ],
    ['time="2026-11-23T00:00:01Z" level=fatal msg=refused', 'refused'],
    ['\n', undefined],
  ])('is told without the clothes of a log: %j', (stderr, said) => {
    expect(complaintOf(stderr)).toBe(said);
  });

  it('says how to start an engine that does not answer', () => {
    const stderr =
      'time="2026-11-23T00:00:01Z" level=fatal msg="cannot access containerd socket \\"/run/containerd/containerd.sock\\": no such file or directory"';

    expect(engineError('nerdctl', ['start'], failed(stderr))).toMatchObject({
      code: 'RUNTIME_FAILED',
      hint: 'start it (systemctl start containerd)',
    });
  });

  it('tells a full disk', () => {
    expect(engineError('nerdctl', ['load'], failed('write: no space left on device'))).toMatchObject({
      code: 'DISK_FULL',
    });
  });

  it('is a failure too where the engine ends well', () => {
    const complaint = 'time="2026-11-23T00:00:01Z" level=error msg="1 errors:\\nsandbox is not running"\n';
    const warning = 'time="2026-11-23T00:00:01Z" level=warning msg="x"\n';

    expect(failedInSilence({ ...failed(complaint), exitCode: 0 })).toBe(true);
    expect(failedInSilence({ ...failed(warning), exitCode: 0 })).toBe(false);
    expect(failedInSilence({ ...failed('an error\n'), exitCode: 0 })).toBe(false);
  });
});
