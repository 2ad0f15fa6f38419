import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { createPrelude, createTrailer, wrapperArgv } from '../../../../src/sandboxes/kata/exec-stream.ts';

const WARNING =
  "[WARN  tini (7)] Tini is not running as PID 1 and isn't registered as a child subreaper.\n" +
  "Zombie processes will not be re-parented to Tini, so zombie reaping won't work.\n" +
  'To fix the problem, use the -s option or set the environment variable TINI_SUBREAPER to register Tini as a child subreaper, or run Tini as PID 1.\n';
const spawned = (pid = 7) => `[INFO  tini (${pid})] Spawned child process '/bin/sh' with pid '8'\n`;
const exited = (code: number, pid = 7) =>
  `[INFO  tini (${pid})] Main child exited normally (with status '${code}')\n`;
const killed = "[INFO  tini (7)] Main child exited with signal (with signal 'Killed')\n";

/** Every way to cut a text in chunks is as good as any other. */
function cut(text: string, at: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const points = [...new Set(at.map((point) => point % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...points].map((from, index) => bytes.subarray(from, points[index] ?? bytes.length));
}

const text = (parts: readonly Uint8Array[]) => Buffer.concat(parts).toString();
const cuts = fc.array(fc.nat(), { maxLength: 6 });

function readStdout(given: string, at: readonly number[], pid: number | null = 7) {
  const trailer = createTrailer();
  const taken = cut(given, at).map((chunk) => trailer.take(chunk));
  return { own: text([...taken, trailer.rest(pid)]), end: trailer.end(pid) };
}

describe('what comes first', () => {
  test('the pid and the warning are taken off, however they are cut', () => {
    fc.assert(
      fc.property(cuts, fc.string(), (at, said) => {
        const prelude = createPrelude('stderr');
        const taken = cut(`airlock 7\n${WARNING}${said}`, at).map((chunk) => prelude.take(chunk));
        expect(prelude.pid).toBe(7);
        expect(text(taken)).toBe(said);
      }),
    );
  });

  test('the pid is told on standard output too, before a flood that would hold up the other stream', () => {
    fc.assert(
      fc.property(cuts, fc.string(), (at, said) => {
        const prelude = createPrelude('stdout');
        const taken = cut(`airlock 7\n${WARNING}${said}`, at).map((chunk) => prelude.take(chunk));
        expect(prelude.pid).toBe(7);
        expect(text(taken)).toBe(`${WARNING}${said}`);
      }),
    );
  });

  it('keeps what a command says where tini does not warn', () => {
    const prelude = createPrelude('stderr');
    expect(text([prelude.take(Buffer.from('airlock 12\noops\n'))])).toBe('oops\n');
  });

  it('holds what an engine says when nothing was started', () => {
    const prelude = createPrelude('stderr');
    expect(prelude.take(Buffer.from('Error response from daemon: is paused\n'))).toHaveLength(0);
    expect(prelude.pid).toBeNull();
    expect(prelude.held).toBe('Error response from daemon: is paused\n');
  });
});

describe('what comes last', () => {
  test('is taken off, however it is cut, and tells how the command ended', () => {
    fc.assert(
      fc.property(cuts, fc.string(), fc.nat(255), (at, said, code) => {
        expect(readStdout(`${said}${spawned()}${exited(code)}`, at)).toEqual({
          own: said,
          end: { kind: 'exited', code },
        });
      }),
    );
  });

  it('tells a signal', () => {
    expect(readStdout(`out\n${spawned()}${killed}`, [])).toEqual({
      own: 'out\n',
      end: { kind: 'signalled', name: 'Killed' },
    });
  });

  it('is missing where the wrapper was killed, and nothing is lost', () => {
    expect(readStdout('out\n[INFO  tini (', [3])).toEqual({ own: 'out\n[INFO  tini (', end: null });
  });

  it('is not believed of another tini, whose lines stay', () => {
    const other = `${spawned(20)}${exited(0, 20)}`;
    expect(readStdout(other, [10])).toEqual({ own: other, end: null });
    expect(readStdout(`${other}${spawned()}${exited(3)}`, [10, 90])).toEqual({
      own: other,
      end: { kind: 'exited', code: 3 },
    });
  });

  it('leaves what a daemon writes after the end', () => {
    expect(readStdout(`a\n${spawned()}${exited(0)}late\n`, []).own).toBe('a\nlate\n');
  });
});

describe('the wrapper', () => {
  test.each([
    { stdin: false, said: '' },
    { stdin: true, said: 'given\n' },
  ])('has a command read what it is given, and else an end of file ($stdin)', async ({ stdin, said }) => {
    const script = wrapperArgv({ waits: false, stdin })[3]?.replace(/\/\.airlock.* -- /, '');
    const shell = spawn('sh', ['-c', script ?? '', 'airlock', 'cat'], { stdio: ['pipe', 'pipe', 'ignore'] });
    let heard = '';
    shell.stdout.on('data', (chunk: Buffer) => {
      heard += chunk.toString();
    });
    // Left open, as an engine may leave it, where nothing is given.
    if (stdin) shell.stdin.end('given\n');
    await once(shell, 'close');
    expect(heard).toBe(`airlock ${shell.pid}\n${said}`);
  });
});
