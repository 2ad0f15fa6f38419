import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFifoPool, type FifoPool } from '../../../../src/lib/fifos.ts';
import type { ExecClient, ExecStream, ProcessSpec } from '../../../../src/sandboxes/exec/client.ts';
import { createExpectedClient } from '../../../../src/sandboxes/exec/expected-client.ts';
import { endForgotten } from '../../../../src/sandboxes/exec/forgotten.ts';
import { execFiles, writeExecRecord } from '../../../../src/sandboxes/exec/record.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

const PROCESS: ProcessSpec = { args: ['echo', 'told'], env: [], cwd: '/', user: { uid: 1, gid: 1 } };

let executions = '';
let pipes: FifoPool;
beforeEach(async () => {
  executions = await mkdtemp(path.join(tmpdir(), 'airlock-expected-'));
  pipes = createFifoPool(path.join(executions, 'pipes'));
});
afterEach(async () => {
  await pipes.close();
  await rm(executions, { recursive: true });
});

/** A client program that runs what it is told: a line on descriptor 3, opened anew as a runtime does. */
function shellClient(script: string): ExecClient {
  const stream: ExecStream = {
    file: 'sh',
    args: ['-c', script],
    waitForPid: async () => null,
    take: (_name, chunk) => chunk,
    rest: () => new Uint8Array(),
    end: (exitCode) => ({ exitCode, waitStatus: null }),
    notStarted: async (output) => output,
  };
  return {
    open: () => stream,
    openLate: () => ({ ...stream, message: (process) => `${process.args.join(' ')}\n` }),
  };
}

function expecting(script = 'read -r line </proc/self/fd/3; eval "$line"; echo over >&2') {
  const clock = createManualClock();
  const client = shellClient(script);
  const expected = createExpectedClient({ client, containerId: 'c', executions, pipes, clock });
  return { clock, expected };
}

const left = async () => (await readdir(executions)).filter((name) => name !== 'pipes');

test('runs nothing before it is told what, and then that', async () => {
  const { expected } = expecting();
  expected.start();
  const waiting = await expected.take();
  const said: string[] = [];

  waiting?.begin(PROCESS, async (name, chunk) => void said.push(`${name} ${Buffer.from(chunk).toString()}`));

  expect(await waiting?.client.ended).toMatchObject({ exitCode: 0, heldOpen: false });
  expect(said.toSorted()).toEqual(['stderr over\n', 'stdout told\n']);
});

test('is one at a time, and whoever takes it has it alone', async () => {
  const { expected } = expecting();
  expected.start();
  expected.start();

  const [first, second] = await Promise.all([expected.take(), expected.take()]);

  expect(second).toBeNull();
  expect(await left()).toHaveLength(1);
  await first?.discard();
  expect(await left()).toEqual([]);
  expect(expected.inUse.size).toBe(0);
});

test('is ended when no command comes, with all that it had', async () => {
  const { clock, expected } = expecting();
  expected.start();
  await expect.poll(left).toHaveLength(1);

  clock.advance(5000);

  await expect.poll(left).toEqual([]);
  expect(await expected.take()).toBeNull();
  expect(clock.armed).toBe(0);
});

test('is not handed out when it ended by itself', async () => {
  const { expected } = expecting('exit 1');
  expected.start();
  await expect.poll(() => expected.inUse.size).toBe(0);

  expect(await expected.take()).toBeNull();
  expect(await left()).toEqual([]);
});

test('is never made where the container has gone, and makes nothing there', async () => {
  const { expected } = expecting();
  await pipes.close();
  await rm(executions, { recursive: true });

  expected.start();

  expect(await expected.take()).toBeNull();
  await expect(readdir(executions)).rejects.toThrow('ENOENT');
  await mkdir(executions);
});

test('of a bot that died is ended by the next one, unlike what runs and what this one waits with', async () => {
  const dead = execFiles(executions, 'deaddeaddeaddead');
  const running = execFiles(executions, 'runningrunning00');
  const own = execFiles(executions, 'ownownownownown0');
  await Promise.all([dead, own].map(({ directory }) => mkdir(directory)));
  writeExecRecord(running, { execId: 'runningrunning00', spawnedAt: 1 });
  // It reads its input, so that it ends with this test whatever happens.
  const orphan = spawn('sh', ['-c', 'read -r _', 'client', dead.pid], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = once(orphan, 'exit');

  await endForgotten(executions, new Set([own.directory]));

  expect(await ended).toEqual([null, 'SIGKILL']);
  expect((await left()).toSorted()).toEqual(['ownownownownown0', 'runningrunning00']);
});
