import { describe, expect, it } from 'vitest';
import { parseCapabilities } from '../../../../src/sandboxes/gvisor/capabilities.ts';
import { gvisorPaths } from '../../../../src/sandboxes/gvisor/paths.ts';
import {
  createRunscClient,
  parseLogMessage,
  parseProcessTable,
  processJson,
} from '../../../../src/sandboxes/gvisor/runsc-cli.ts';

const ID = 'abcdefghijklmnopqrstuvwxyz';

function clientWith(flags: readonly string[]) {
  const said = {
    version: 'runsc version 1',
    flags: flags.map((flag) => `  -${flag} value\n`).join(''),
    help: '',
  };
  return createRunscClient({
    capabilities: parseCapabilities('/opt/runsc', said),
    platform: 'ptrace',
    paths: gvisorPaths('/data'),
  });
}

describe('createRunscClient', () => {
  it('passes only flags that this runsc has, because an unknown one is a hard error', () => {
    expect(clientWith([]).globalArgs()).toEqual([
      '--root=/data/gvisor/root',
      '--platform=ptrace',
      '--network=none',
    ]);
    expect(
      clientWith(['overlay2', 'host-uds', 'cpu-num-from-quota']).globalArgs({ network: 'sandbox' }),
    ).toEqual([
      '--root=/data/gvisor/root',
      '--platform=ptrace',
      '--network=sandbox',
      '--overlay2=none',
      '--host-uds=none',
      '--cpu-num-from-quota=true',
    ]);
  });

  it('never switches cgroups off', () => {
    expect(clientWith(['ignore-cgroups']).globalArgs().join(' ')).not.toContain('ignore-cgroups');
  });

  it('executes from a process file and never detaches, whose argv is mangled', () => {
    const args = clientWith([]).execArgs(ID, { processFile: '/p', internalPidFile: '/i', logFile: '/l' });

    expect(args.slice(-4)).toEqual(['exec', '--process=/p', '--internal-pid-file=/i', ID]);
    expect(args.join(' ')).not.toContain('detach');
  });

  it.each([
    'abc',
    `${ID}a`,
    'abcdefghijklmnopqrstuvwxy*',
    '1bcdefghijklmnopqrstuvwxyz',
    '../../../../../../../etc/pa',
  ])('refuses %j, since runsc matches ids by prefix and pattern', async (id) => {
    await expect(clientWith([]).state(id)).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(clientWith([]).delete(id)).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('processJson', () => {
  it('says everything releases would fill in differently, and grants nothing', () => {
    const json = processJson({
      args: ['/bin/true'],
      env: ['A=b'],
      cwd: '/',
      user: { uid: 65534, gid: 65534 },
    });

    expect(JSON.parse(json)).toEqual({
      terminal: false,
      user: { uid: 65534, gid: 65534 },
      args: ['/bin/true'],
      env: ['A=b'],
      cwd: '/',
      noNewPrivileges: true,
      capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
    });
  });
});

describe('parseLogMessage', () => {
  it('takes the last error of entries that follow each other without a newline', () => {
    const log =
      '{"msg":"first","level":"error","time":"t"}{"msg":"only information","level":"info","time":"t"}' +
      '{"msg":"FATAL ERROR: creating container: \\"x\\"}{\\"msg\\":","level":"warning","time":"t"}';

    expect(parseLogMessage(log)).toBe('creating container: "x"}{"msg":');
  });

  it('finds nothing in an empty log, and leaves out an entry that was cut short', () => {
    expect(parseLogMessage('')).toBeNull();
    expect(parseLogMessage('{"msg":"whole","level":"error","time":"t"}{"msg":"cut')).toBe('whole');
  });
});

describe('parseProcessTable', () => {
  it('reads pid, parent, user and program of each line', () => {
    const table =
      'UID       PID       PPID      C         TTY       STIME     TIME      CMD\n' +
      '65533     1         0         0         ?         18:34     10ms      tini\n' +
      '65534     3         1         12        ?         18:34     1s        my program\n';

    expect(parseProcessTable(table)).toEqual([
      { uid: 65533, pid: 1, ppid: 0, command: 'tini' },
      { uid: 65534, pid: 3, ppid: 1, command: 'my program' },
    ]);
  });
});
