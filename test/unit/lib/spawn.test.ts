import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFifoPool, type FifoPool } from '../../../src/lib/fifos.ts';
import { spawnStreaming, type SpawnRequest } from '../../../src/lib/spawn.ts';

let directory = '';
let pool: FifoPool;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'airlock-spawn-'));
  pool = createFifoPool(path.join(directory, 'pipes'));
});
afterAll(async () => {
  await pool.close();
  expect(await readdir(directory)).toEqual([]);
  await rm(directory, { recursive: true });
});

async function collect(shell: string, more: Partial<SpawnRequest> = {}) {
  const said = { stdout: '', stderr: '' };
  const spawned = await spawnStreaming({
    file: 'sh',
    args: ['-c', shell],
    onOutput: async (stream, chunk) => {
      said[stream] += Buffer.from(chunk).toString();
    },
    ...more,
  });
  return { ...said, spawned, end: await spawned.ended, said };
}

async function* lines(...all: string[]): AsyncGenerator<Uint8Array> {
  for (const line of all) yield Buffer.from(line);
}

/** Descriptors of this process that are pipes. */
async function openPipes(): Promise<number> {
  const names = await readdir('/proc/self/fd');
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(directory)).length;
}

describe('a program that awaits a message', () => {
  it('gets it on descriptor 3, however often it opens that anew', async () => {
    let said = '';
    const program = await spawnStreaming({
      file: 'sh',
      args: ['-c', 'read -r a </proc/self/fd/3; read -r b <&3; echo "$a $b"'],
      pipes: pool,
      awaitsMessage: true,
      onOutput: async (_stream, chunk) => void (said += Buffer.from(chunk).toString()),
    });
    expect(program.hasEnded()).toBe(false);

    program.tell('one\n');
    program.tell('two\n');

    expect((await program.ended).exitCode).toBe(0);
    expect(said).toBe('one two\n');
    expect(program.hasEnded()).toBe(true);
  });

  it('may end without it, and then nothing stays open', async () => {
    const before = await openPipes();
    const { spawned, end } = await collect('exit 4', { pipes: pool, awaitsMessage: true });

    spawned.tell('too late');

    expect(end).toMatchObject({ exitCode: 4, streamError: null });
    await expect.poll(openPipes).toBe(before);
  });
});

describe.each([
  ['real pipes', () => ({ pipes: pool })],
  ['the pipes of Node', () => ({})],
])('a program over %s', (_name, pipes) => {
  it('hands over both streams and the exit code', async () => {
    const { said, end } = await collect('echo out; echo err >&2; exit 3', pipes());
    expect(said).toEqual({ stdout: 'out\n', stderr: 'err\n' });
    expect(end).toMatchObject({
      exitCode: 3,
      signal: null,
      notStarted: null,
      heldOpen: false,
      streamError: null,
    });
  });

  it('reads end of file when it is given nothing', async () => {
    expect((await collect('cat; echo end', pipes())).said.stdout).toBe('end\n');
  });

  it('is fed all input and then end of file', async () => {
    const big = 'x'.repeat(300_000);
    const { said } = await collect('wc -c', { ...pipes(), stdin: lines(big, big) });
    expect(said.stdout.trim()).toBe('600000');
  });

  it('may close its input before it is all written', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(65_536);
    }
    const { end } = await collect('exec 0<&-; echo done', { ...pipes(), stdin: endless() });
    expect(end).toMatchObject({ exitCode: 0, streamError: null });
  });

  it('is told apart when its input cannot be read', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a');
      throw new Error('source is gone');
    }
    const { said, end } = await collect('cat', { ...pipes(), stdin: broken() });
    expect(said.stdout).toBe('a');
    expect(end.streamError?.message).toBe('source is gone');
  });

  it('waits while its reader is at work', async () => {
    const gate = Promise.withResolvers<void>();
    const first = Promise.withResolvers<void>();
    let received = 0;
    const spawned = await spawnStreaming({
      file: 'sh',
      args: ['-c', 'head -c 3000000 /dev/zero'],
      ...pipes(),
      onOutput: async (_stream, chunk) => {
        received += chunk.length;
        first.resolve();
        await gate.promise;
      },
    });
    await first.promise;
    // The program cannot end: most of its output does not fit into the pipe.
    const status = await readFile(`/proc/${spawned.pid}/stat`, 'utf8');
    expect(status).not.toMatch(/\) Z/);
    expect(received).toBeLessThan(300_000);
    gate.resolve();
    expect((await spawned.ended).exitCode).toBe(0);
    expect(received).toBe(3_000_000);
  });

  it('reports the error of a reader and runs on to its end', async () => {
    const { end } = await collect('head -c 500000 /dev/zero', {
      ...pipes(),
      onOutput: async () => {
        throw new Error('no room');
      },
    });
    expect(end.exitCode).toBe(0);
    expect(end.streamError?.message).toBe('no room');
  });

  it('is not held back by a daemon that keeps its pipes open, and the daemon lives', async () => {
    const { said, end } = await collect('sleep 30 & echo $!', pipes());
    const daemon = Number(said.stdout);
    expect(end).toMatchObject({ exitCode: 0, heldOpen: true });
    expect(process.kill(daemon, 0)).toBe(true);
    process.kill(daemon, 'SIGKILL');
  });

  it('is not held back by a daemon that never stops writing', async () => {
    const { said, end } = await collect('echo mine; yes & echo $! >&2', pipes());
    expect(end).toMatchObject({ exitCode: 0, heldOpen: true });
    expect(said.stdout).toContain('mine');
    process.kill(Number(said.stderr), 'SIGKILL');
  });

  it('is killed after its time', async () => {
    const { end } = await collect('exec sleep 30', { ...pipes(), timeoutMs: 30 });
    expect(end).toMatchObject({ exitCode: null, signal: 'SIGKILL', timedOut: true, cancelled: false });
  });

  it('is killed by its signal, one that was aborted before too', async () => {
    const { end } = await collect('exec sleep 30', { ...pipes(), signal: AbortSignal.abort() });
    expect(end).toMatchObject({ signal: 'SIGKILL', cancelled: true, timedOut: false });
  });

  it('that is not there is an end, not an exception', async () => {
    const spawned = await spawnStreaming({
      file: '/no/such',
      args: [],
      ...pipes(),
      onOutput: async () => undefined,
    });
    expect((await spawned.ended).notStarted?.message).toContain('ENOENT');
  });

  it('with an argument that no program can get is an end, not an exception', async () => {
    const spawned = await spawnStreaming({
      file: 'sh',
      args: ['a\0b'],
      ...pipes(),
      onOutput: async () => undefined,
    });
    expect((await spawned.ended).notStarted).toBeInstanceOf(Error);
  });

  it('sees only the environment that is given', async () => {
    const { said } = await collect('env', { ...pipes(), env: { PATH: '/usr/bin:/bin', ONE: '1' } });
    expect(said.stdout).toContain('ONE=1');
    expect(said.stdout).not.toContain('HOME=');
  });
});

it('can open its streams by name over real pipes', async () => {
  const { said } = await collect('echo out > /dev/stdout; echo err > /dev/stderr', { pipes: pool });
  expect(said).toEqual({ stdout: 'out\n', stderr: 'err\n' });
});

it('leaves no pipe open after many programs at once', async () => {
  const before = await openPipes();
  await Promise.all(Array.from({ length: 30 }, () => collect('cat', { pipes: pool, stdin: lines('hello') })));
  expect(await openPipes()).toBe(before);
});
