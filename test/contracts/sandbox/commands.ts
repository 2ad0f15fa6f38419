import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { newExecId } from '../../../src/lib/ids.ts';
import type { ExecOutcome } from '../../../src/sandboxes/sandbox.ts';
import { type Kit, neverAborted } from './kit.ts';

export function describeCommands(kit: Kit): void {
  describe('commands', () => {
    it('gives standard output, standard error and the exit code', async () => {
      await using sandbox = await kit.sandbox();

      const ran = await sandbox.run('echo out; echo err >&2; exit 3');

      expect(ran).toMatchObject({ stdout: 'out\n', stderr: 'err\n' });
      expect(ran.outcome).toMatchObject({
        exitCode: 3,
        cause: 'exited',
        signal: null,
        truncated: false,
      });
      expect(ran.outcome.stdout.totalBytes).toBe(4);
      expect(ran.outcome.durationMs).toBeGreaterThanOrEqual(0);
    });

    it('streams output while the command runs, and its standard input reaches it', async () => {
      await using sandbox = await kit.sandbox();
      const said = Promise.withResolvers<void>();
      async function* answer() {
        await said.promise;
        yield Buffer.from('typed later\n');
      }

      const running = sandbox.start('echo question; cat', { stdin: answer() });
      await running.said('question');
      said.resolve();

      expect((await running.ended).stdout).toBe('question\ntyped later\n');
    });

    it('passes a megabyte of standard input through whole', async () => {
      await using sandbox = await kit.sandbox();
      async function* megabyte() {
        for (let sent = 0; sent < 16; sent += 1) yield Buffer.alloc(65_536, 'x');
      }

      expect((await sandbox.run('wc -c', { stdin: megabyte() })).stdout.trim()).toBe('1048576');
    });

    it('gives end of file where no standard input is given', async () => {
      await using sandbox = await kit.sandbox();

      expect((await sandbox.run('cat; echo end')).stdout).toBe('end\n');
    });

    it('takes an argv as it is, without a shell', async () => {
      await using sandbox = await kit.sandbox();
      const chunks: Buffer[] = [];

      const outcome = await kit.driver.exec(
        sandbox.handle,
        {
          execId: newExecId(),
          command: { argv: ['echo', '$HOME; exit 3', 'two  spaces'] },
          timeoutMs: 10_000,
        },
        { write: async (_stream, chunk) => void chunks.push(Buffer.from(chunk)) },
        neverAborted(),
      );

      expect(outcome).toMatchObject({ exitCode: 0, cause: 'exited' });
      expect(Buffer.concat(chunks).toString()).toBe('$HOME; exit 3 two  spaces\n');
    });

    it('runs commands as 65534 without capabilities, in /workspace, unless asked otherwise', async () => {
      await using sandbox = await kit.sandbox();

      expect((await sandbox.run('id -u; id -g; pwd')).stdout).toBe('65534\n65534\n/workspace\n');
      expect((await sandbox.run('pwd', { cwd: '/tmp' })).stdout).toBe('/tmp\n');
      expect((await sandbox.run('id -u', { user: { uid: 0, gid: 0 } })).stdout).toBe('0\n');
    });

    it('lets commands write in /workspace and /tmp and keeps what they wrote', async () => {
      await using sandbox = await kit.sandbox();

      await sandbox.run('echo kept > /workspace/note; echo too > /tmp/note');

      expect((await sandbox.run('cat /workspace/note /tmp/note')).stdout).toBe('kept\ntoo\n');
    });

    it('tells a command its agent by AIRLOCK_AGENT and its sandbox by the host name', async () => {
      await using sandbox = await kit.sandbox();

      const ran = await sandbox.run('echo $AIRLOCK_AGENT; hostname');

      expect(ran.stdout).toBe(`${sandbox.name}\n${sandbox.handle.containerId}\n`);
    });

    it("gives the identity's and the request's environment and nothing of the bot's", async () => {
      await using sandbox = await kit.sandbox();
      process.env['AIRLOCK_CONTRACT_CANARY'] = 'belongs to the bot';
      try {
        const ran = await sandbox.run('env', { env: { FROM_REQUEST: 'a=b c' } });

        expect(ran.stdout).toContain('FROM_IDENTITY=identity value\n');
        expect(ran.stdout).toContain('FROM_REQUEST=a=b c\n');
        expect(ran.stdout).not.toContain('CONTRACT_CANARY');
      } finally {
        delete process.env['AIRLOCK_CONTRACT_CANARY'];
      }
    });

    it('tells a signal from an exit', async () => {
      await using sandbox = await kit.sandbox();

      expect((await sandbox.run('kill -9 $$')).outcome).toMatchObject({
        cause: 'signalled',
        signal: 9,
        exitCode: null,
      });
    });

    it('says 127 for a command the shell does not find', async () => {
      await using sandbox = await kit.sandbox();

      const ran = await sandbox.run('no-such-command');

      expect(ran.outcome).toMatchObject({ cause: 'exited', exitCode: 127 });
      expect(ran.stderr).toContain('not found');
    });

    it('never takes a program that does not exist for a success, and stays usable', async () => {
      await using sandbox = await kit.sandbox();
      const request = { execId: newExecId(), command: { argv: ['/no/such/program'] }, timeoutMs: 10_000 };

      const ended: ExecOutcome | Error = await kit.driver
        .exec(sandbox.handle, request, { write: async () => undefined }, neverAborted())
        .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));

      if (ended instanceof Error) expect(ended).toBeInstanceOf(AppError);
      else expect(ended.exitCode).not.toBe(0);
      expect((await sandbox.run('echo usable')).stdout).toBe('usable\n');
    });

    it('runs commands side by side, each with its own output, and lists them while they run', async () => {
      await using sandbox = await kit.sandbox();
      const gate = Promise.withResolvers<void>();
      async function* closed() {
        await gate.promise;
        yield Buffer.from('\n');
      }

      const running = ['a', 'b', 'c'].map((letter) =>
        sandbox.start(`echo ${letter}; cat`, { stdin: closed() }),
      );
      await Promise.all(running.map((one, index) => one.said(['a', 'b', 'c'][index] ?? '')));
      const executions = await kit.driver.executions(sandbox.handle);
      gate.resolve();
      const ended = await Promise.all(running.map((one) => one.ended));

      expect(executions.map((one) => one.execId).toSorted()).toEqual(
        running.map((one) => one.execId).toSorted(),
      );
      expect(ended.map((one) => one.stdout)).toEqual(['a\n\n', 'b\n\n', 'c\n\n']);
      expect(await kit.driver.executions(sandbox.handle)).toEqual([]);
    });

    it('keeps head and tail of a flood, counts the rest, and the sink sees every byte in order', async () => {
      await using sandbox = await kit.sandbox();
      let sinkBytes = 0;
      const flood = 3_000_000;

      const outcome = await kit.driver.exec(
        sandbox.handle,
        {
          execId: newExecId(),
          command: { shell: `echo first; yes filler | head -c ${flood}; echo; echo last` },
          timeoutMs: 60_000,
          maxOutputBytes: 4096,
        },
        {
          async write(_stream, chunk) {
            sinkBytes += chunk.byteLength;
            await new Promise(setImmediate);
          },
        },
        neverAborted(),
      );

      const { head, tail, totalBytes } = outcome.stdout;
      expect(outcome).toMatchObject({ exitCode: 0, truncated: true });
      expect(totalBytes).toBe('first\n'.length + flood + '\nlast\n'.length);
      expect(sinkBytes).toBe(totalBytes);
      expect(head.byteLength + tail.byteLength).toBe(4096);
      expect(Buffer.from(head).toString()).toMatch(/^first\nfiller\n/);
      expect(Buffer.from(tail).toString()).toMatch(/\nlast\n$/);
    });

    it('takes a long command line with quotes, newlines and multi-byte text as typed', async () => {
      await using sandbox = await kit.sandbox();
      const said = `it's "quoted" \\ grüße 🦦 ${'x'.repeat(60_000)}`;

      const ran = await sandbox.run(`cat <<'END'\n${said}\nEND\n`);

      expect(ran.stdout).toBe(`${said}\n`);
    });
  });
}
