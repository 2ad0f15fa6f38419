import { readdir, readlink } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newContainerId, newExecId } from '../../src/lib/ids.ts';
import type { ExecOutcome, ExecRequest, OutputSink, SandboxHandle } from '../../src/sandboxes/sandbox.ts';
import {
  type GvisorWorld,
  openGvisorWorld,
  runIn,
  runscBinaries,
  specOf,
  whyNoGvisor,
} from '../fixtures/gvisor-world.ts';

const missing = await whyNoGvisor();
const binaries = missing === null ? await runscBinaries() : [];
const never = (): AbortSignal => new AbortController().signal;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

it.skipIf(missing === null)(`commands in gvisor are not shown: ${missing}`, (context) => context.skip());

describe.each(binaries)('commands in a sandbox of %s', (binary) => {
  let world: GvisorWorld;
  let handle: SandboxHandle;

  beforeAll(async () => {
    world = await openGvisorWorld(binary);
    handle = await made();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  async function made(): Promise<SandboxHandle> {
    const fresh = world.driver.newHandle(newContainerId());
    await world.driver.create(fresh, specOf(world), never());
    return fresh;
  }
  function exec(
    shell: string,
    more: Partial<ExecRequest> = {},
    sink: OutputSink = { write: async () => undefined },
    signal = never(),
  ): Promise<ExecOutcome> {
    return world.driver.exec(
      handle,
      { execId: newExecId(), command: { shell }, timeoutMs: 30_000, ...more },
      sink,
      signal,
    );
  }
  /** Starts a command and resolves when it has printed its first line. */
  async function talking(shell: string, more: Partial<ExecRequest> = {}, signal = never()) {
    const first = Promise.withResolvers<string>();
    const write = async (_stream: string, chunk: Uint8Array) => first.resolve(text(chunk).trim());
    const outcome = exec(shell, more, { write }, signal);
    return { said: await Promise.race([first.promise, outcome.then(() => 'ended')]), outcome };
  }
  const executionsDir = () => path.join(world.dataDir, 'gvisor', handle.containerId, 'executions');
  /** Command lines of all that runs as the commands' user, seen by another user. */
  async function commandsInside(): Promise<string[]> {
    const list =
      'for d in /proc/[0-9]*; do [ "$(stat -c %u $d 2>&1)" = 65534 ] && tr "\\0" " " <$d/cmdline && echo; done';
    const { stdout } = await runIn(world.driver, handle, list, { uid: 65532, gid: 65532 });
    return stdout.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  }

  it('run as the commands’ user without any capability, in /workspace, in a session of their own', async () => {
    const { stdout } = await exec(
      'id -u; pwd; grep -E "^Cap(Prm|Eff|Bnd)" /proc/self/status; env | sort; cut -d" " -f6 /proc/$$/stat; echo $$',
    );
    const lines = text(stdout.head).trim().split('\n');
    expect(lines.slice(0, 2)).toEqual(['65534', '/workspace']);
    expect(lines.filter((line) => line.startsWith('Cap')).map((line) => line.split('\t')[1])).toEqual(
      Array(3).fill('0000000000000000'),
    );
    expect(lines).toContain('AIRLOCK_AGENT=calm-otter');
    expect(lines).toContain('HOME=/workspace');
    expect(lines.at(-1)).toBe(lines.at(-2));
  });

  it('can open their streams by name, as with a pipe', async () => {
    const { stdout, stderr } = await exec('echo out > /dev/stdout; echo err > /dev/stderr');
    expect([text(stdout.head), text(stderr.head)]).toEqual(['out\n', 'err\n']);
  });

  it('read what they are given, and end of file when that is nothing', async () => {
    async function* given() {
      yield Buffer.from('hello ');
      yield Buffer.from('world');
    }
    expect(text((await exec('cat; echo .', { stdin: given() })).stdout.head)).toBe('hello world.\n');
    expect(text((await exec('cat; echo .')).stdout.head)).toBe('.\n');
  });

  it.each([
    ['exit 0', { cause: 'exited', exitCode: 0, signal: null }],
    ['exit 3', { cause: 'exited', exitCode: 3, signal: null }],
    ['exit 128', { cause: 'exited', exitCode: 128, signal: null }],
    ['exit 137', { cause: 'exited', exitCode: 137, signal: null }],
    ['kill -9 $$', { cause: 'signalled', exitCode: null, signal: 9 }],
    ['kill -15 $$', { cause: 'signalled', exitCode: null, signal: 15 }],
  ])('that end by %j are told apart', async (shell, end) => {
    expect(await exec(shell)).toMatchObject(end);
  });

  it.each([
    ['a program that is not there', { command: { argv: ['nosuch'] } }, 'INVALID_INPUT'],
    ['a file that cannot be run', { command: { argv: ['/proc/version'] } }, 'INVALID_INPUT'],
    ['a directory that is not there', { cwd: '/nosuch' }, 'INVALID_INPUT'],
    ['a NUL byte', { command: { argv: ['echo', '\0'] } }, 'INVALID_INPUT'],
  ])('are refused for %s', async (_name, more, code) => {
    await expect(exec('true', more)).rejects.toMatchObject({ code });
  });

  it('are cut in the middle when they flood, all of it counted and handed over', async () => {
    let handed = 0;
    let most = 0;
    const before = process.memoryUsage().rss;
    const write = async (_stream: string, chunk: Uint8Array) => {
      handed += chunk.length;
      most = Math.max(most, process.memoryUsage().rss);
    };
    const { stdout, truncated, exitCode } = await exec(
      'echo first; yes | head -c 50000000; echo last',
      { timeoutMs: 100_000 },
      { write },
    );
    expect(exitCode).toBe(0);
    expect(truncated).toBe(true);
    expect(stdout.totalBytes).toBe(50_000_011);
    expect(handed).toBe(stdout.totalBytes);
    expect(stdout.head.length + stdout.tail.length).toBe(1024 * 1024);
    expect(text(stdout.head.slice(0, 6))).toBe('first\n');
    expect(text(stdout.tail.slice(-5))).toBe('last\n');
    expect(most - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('wait while their output is not taken', async () => {
    const gate = Promise.withResolvers<void>();
    const first = Promise.withResolvers<void>();
    let handed = 0;
    const running = exec(
      'head -c 2000000 /dev/zero; echo x > /workspace/written',
      {},
      {
        async write(_stream, chunk) {
          handed += chunk.length;
          first.resolve();
          await gate.promise;
        },
      },
    );
    await first.promise;
    expect((await runIn(world.driver, handle, 'ls /workspace/written')).exitCode).not.toBe(0);
    expect(handed).toBeLessThan(200_000);
    gate.resolve();
    expect((await running).stdout.totalBytes).toBe(2_000_000);
  });

  it('leave their daemons alive when they end by themselves, and are not held back by them', async () => {
    const outcome = await exec('sleep 777 & echo started');
    expect(outcome).toMatchObject({ cause: 'exited', exitCode: 0, evidence: { outputHeldOpen: true } });
    expect(outcome.durationMs).toBeLessThan(5000);
    expect(await commandsInside()).toEqual(['sleep 777']);
    // A later command that is ended leaves the daemon of an earlier one alone.
    await exec('sleep 778', { timeoutMs: 200 });
    expect(await commandsInside()).toEqual(['sleep 777']);
    await exec('kill -9 -1');
  });

  it('are ended after their time with all they started, a daemon with a new session and no environment too', async () => {
    const outcome = await exec('sleep 700 & (setsid env -i /bin/sleep 701 &); sleep 702', { timeoutMs: 500 });
    expect(outcome).toMatchObject({ cause: 'timed-out', exitCode: null, hints: [] });
    expect(outcome.evidence['sweep']).toMatchObject({ left: [], lastLookComplete: true, unattributable: [] });
    expect(outcome.evidence['sweep']).toHaveProperty(
      'killed',
      expect.toSatisfy((pids: number[]) => pids.length === 3),
    );
    expect(await commandsInside()).toEqual([]);
  });

  it.each([
    ['a fork bomb', 'b(){ b|b& }; b; exec sleep 710'],
    ['one that forks and exits without end', 'hop(){ (hop) & exit; }; hop & exec sleep 711'],
    ['one that stops for nothing', 'trap "" TERM INT HUP; while :; do sleep 1; done'],
  ])('are ended although they are %s, and the agent stays usable', async (_name, shell) => {
    const outcome = await exec(shell, { timeoutMs: 1000 });
    expect(outcome.cause).toBe('timed-out');
    expect(outcome.evidence['sweep']).toMatchObject({ left: [] });
    expect(await commandsInside()).toEqual([]);
    expect(await runIn(world.driver, handle, 'echo $(echo fork works)')).toMatchObject({
      stdout: 'fork works\n',
    });
  });

  it('are ended by a cancel and by kill', async () => {
    const controller = new AbortController();
    const cancelled = await talking('echo up; sleep 720', {}, controller.signal);
    controller.abort();
    expect(await cancelled.outcome).toMatchObject({ cause: 'cancelled', evidence: { sweep: { left: [] } } });

    const execId = newExecId();
    const killed = await talking('echo up; sleep 721', { execId });
    expect(await world.driver.executions(handle)).toMatchObject([{ execId, pid: expect.any(Number) }]);
    await world.driver.kill(handle, execId);
    expect((await killed.outcome).cause).toBe('cancelled');
    expect(await world.driver.executions(handle)).toEqual([]);
    await world.driver.kill(handle, execId);
    expect(await commandsInside()).toEqual([]);
  });

  it('do not touch each other when one is ended, and what cannot be told apart is killed and said', async () => {
    const other = await talking('(setsid sleep 731 >/dev/null &); echo up; read line; echo done', {
      stdin: (async function* wait() {
        yield* [];
        await ended.promise;
        yield Buffer.from('go\n');
      })(),
    });
    const outcome = await exec('sleep 732', { timeoutMs: 300 });
    ended.resolve();
    expect(outcome).toMatchObject({ cause: 'timed-out', evidence: { sweep: { left: [] } } });
    expect(await other.outcome).toMatchObject({ cause: 'exited', exitCode: 0 });
    // The other's daemon is older than the ended command: it is not touched.
    expect(outcome.hints).toEqual([]);
    await exec('kill -9 -1');

    const both = await Promise.all([
      exec('sleep 733', { timeoutMs: 1500 }),
      exec('sleep 0.5; (setsid sleep 734 >/dev/null 2>&1 &)'),
    ]);
    expect(both[0].hints).toEqual(['others-killed']);
    expect(both[0].evidence['sweep']).toMatchObject({ left: [], unattributable: [expect.any(Number)] });
    expect(both[1]).toMatchObject({ cause: 'exited', exitCode: 0 });
    expect(await commandsInside()).toEqual([]);
  });
  const ended = Promise.withResolvers<void>();

  it('cannot end their agent with kill -9 -1', async () => {
    await exec('kill -9 -1; sleep 1');
    expect(await runIn(world.driver, handle, 'echo alive')).toMatchObject({ stdout: 'alive\n' });
    expect(await world.driver.inspect(handle)).toEqual({ status: 'running' });
  });

  it('have a clock that stands still while paused, and a cancel in a pause waits for its end', async () => {
    const running = await talking('echo up; sleep 1; exit 5', { timeoutMs: 20_000 });
    await world.driver.pause(handle);
    const controller = new AbortController();
    await expect(exec('true')).rejects.toMatchObject({ code: 'WRONG_STATE' });
    await world.driver.resume(handle);
    const outcome = await running.outcome;
    expect(outcome).toMatchObject({ cause: 'exited', exitCode: 5 });

    const cancelled = await talking('echo up; sleep 740', {}, controller.signal);
    await world.driver.pause(handle);
    controller.abort();
    await world.driver.resume(handle);
    expect((await cancelled.outcome).cause).toBe('cancelled');
    expect(await commandsInside()).toEqual([]);
  });

  it('that were expected run as any other, after a pause too, and what nobody came for goes with the sandbox', async () => {
    const own = handle;
    const clients = async () =>
      (await world.processesOf(handle.containerId)).filter((one) => one.args.includes('exec')).length;
    handle = await made();
    await exec('true');
    world.driver.expectExec?.(handle);
    await expect.poll(clients).toBe(1);
    expect(await world.driver.executions(handle)).toEqual([]);

    const long = 'x'.repeat(100_000);
    const outcome = await exec(`echo ${long} | wc -c; readlink /proc/self/fd/3; exit 7`);
    expect(outcome).toMatchObject({ cause: 'exited', exitCode: 7, evidence: { waitStatus: 7 << 8 } });
    expect(text(outcome.stdout.head)).toBe('100001\n');
    expect(await readdir(executionsDir())).toEqual(['pipes']);

    world.driver.expectExec?.(handle);
    await world.driver.pause(handle);
    await expect.poll(clients).toBe(0);
    await world.driver.resume(handle);
    world.driver.expectExec?.(handle);
    const timedOut = await exec('(setsid sleep 780 &); sleep 780', { timeoutMs: 300 });
    expect(timedOut.cause).toBe('timed-out');
    expect(await commandsInside()).toEqual([]);

    world.driver.expectExec?.(handle);
    await world.driver.stop(handle, { graceMs: 0 });
    await world.driver.remove(handle);
    expect(await clients()).toBe(0);
    handle = own;
  });

  it('of a bot that died are found and ended by the next one', async () => {
    const execId = newExecId();
    const running = await talking('(setsid env -i /bin/sleep 751 &); echo up; sleep 750', { execId });
    const next = world.reopen();
    const [found] = await next.executions(handle);
    expect(found).toMatchObject({ execId, pid: expect.any(Number) });

    await next.kill(handle, execId);
    expect(await next.executions(handle)).toEqual([]);
    expect(await commandsInside()).toEqual([]);
    await running.outcome;
  });

  it('of a bot that died while the sandbox was paused are ended too, and it stays paused', async () => {
    const execId = newExecId();
    const running = await talking('echo up; sleep 752', { execId });
    await world.driver.pause(handle);
    const next = world.reopen();

    await next.kill(handle, execId);

    expect(await next.executions(handle)).toEqual([]);
    expect(await next.inspect(handle)).toEqual({ status: 'paused' });
    await world.driver.resume(handle);
    expect(await commandsInside()).toEqual([]);
    await running.outcome;
  });

  it('are refused clearly at the process limit, where ending one still works', async () => {
    // The shell ends when it cannot fork any more; its own place is the last one.
    await exec('while :; do sleep 760 & done >/dev/null 2>&1');
    const last = await talking('echo up; exec sleep 761', { execId: 'lastplace0000000' });
    expect(last.said).toBe('up');
    await expect(exec('true')).rejects.toMatchObject({
      code: 'RUNTIME_BUSY',
      message: expect.stringContaining('process limit'),
    });

    await world.driver.kill(handle, 'lastplace0000000');
    expect(await last.outcome).toMatchObject({ cause: 'cancelled', hints: ['near-process-limit'] });
    await exec('kill -9 -1');
    expect(await commandsInside()).toEqual([]);
  });

  it('leave no file, no process and no open pipe behind, two hundred of them', async () => {
    handle = await made();
    await exec('true');
    const before = await descriptors();
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(Array.from({ length: 20 }, (_, index) => exec(`echo ${index} | cat`)));
    }
    expect(await descriptors()).toBeLessThanOrEqual(before);
    expect(await readdir(executionsDir())).toEqual(['pipes']);
    expect(await commandsInside()).toEqual([]);
    expect((await world.processesOf(handle.containerId)).filter((one) => one.args.includes('exec'))).toEqual(
      [],
    );
  });

  it('end as lost when the sandbox is killed from outside, and as stopped when it is stopped', async () => {
    handle = await made();
    const lost = await talking('echo up; sleep 770');
    await world.killSandbox(handle);
    expect(await lost.outcome).toMatchObject({ cause: 'sandbox-lost', exitCode: null });
    await expect(exec('true')).rejects.toMatchObject({ code: 'SANDBOX_LOST' });

    handle = await made();
    const stopped = await talking('echo up; sleep 771');
    await world.driver.stop(handle, { graceMs: 0 });
    expect(await stopped.outcome).toMatchObject({ cause: 'stopped', exitCode: null });
  });

  it('end as out of memory, with the counter as evidence', async () => {
    handle = await made();
    const outcome = await exec('dd if=/dev/zero of=/dev/null bs=512M count=1', { timeoutMs: 60_000 });
    expect(outcome).toMatchObject({ cause: 'out-of-memory', exitCode: null });
    expect(outcome.evidence['sandbox']).toHaveProperty('outOfMemory', expect.any(Object));
  });
});

async function descriptors(): Promise<number> {
  const names = await readdir('/proc/self/fd');
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return targets.filter((target) => target !== '').length;
}
