import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newContainerId, newExecId } from '../../src/lib/ids.ts';
import { killProcesses, processesNaming } from '../../src/sandboxes/host-processes.ts';
import type { SandboxDriver, SandboxExit, SandboxHandle } from '../../src/sandboxes/sandbox.ts';
import { type DockerDaemon, startDocker, whyNoDocker } from '../fixtures/docker-daemon.ts';
import { SMALL_LIMITS } from '../fixtures/gvisor-world.ts';
import { type KataWorld, openKataWorld } from '../fixtures/kata-world.ts';

const missing = await whyNoDocker();

it.skipIf(missing === null)(`commands through an engine are not shown: ${missing}`, (context) =>
  context.skip(),
);

/** What the contract does not ask of every driver, on a real daemon with runc in Kata's place. */
describe.skipIf(missing !== null)('a kata sandbox through a real engine', () => {
  let daemon: DockerDaemon;
  let world: KataWorld;
  let driver: SandboxDriver;

  beforeAll(async () => {
    daemon = await startDocker();
    world = await openKataWorld({
      environment: { DOCKER_HOST: daemon.host },
      unproven: { engine: 'docker', binary: daemon.binary, runtime: 'runc' },
    });
    driver = world.driver;
  });
  afterEach(async () => {
    for (const handle of await driver.list()) await driver.remove(handle);
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await daemon[Symbol.asyncDispose]();
  });

  async function created(memoryMb = 256): Promise<SandboxHandle> {
    const handle = driver.newHandle(newContainerId());
    const identity = { agentId: 'agent', name: 'calm-otter', environment: {} };
    const limits = { ...SMALL_LIMITS, memoryMb };
    await driver.create(handle, { image: world.image, limits, identity }, new AbortController().signal);
    return handle;
  }

  function exec(handle: SandboxHandle, shell: string, options: { execId?: string; said?: () => void } = {}) {
    return driver.exec(
      handle,
      { execId: options.execId ?? newExecId(), command: { shell }, timeoutMs: 30_000 },
      { write: async () => options.said?.() },
      new AbortController().signal,
    );
  }

  it('tells a kill for memory that only the guest has counted, once', async () => {
    const handle = await created(64);
    // As of a virtual machine, which the host cannot look into.
    const file = path.join(world.dataDir, 'kata', handle.containerId, 'record.json');
    const record: unknown = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...Object(record), cgroup: null }));

    expect(await exec(handle, 'exec dd if=/dev/zero of=/dev/null bs=256M count=1')).toMatchObject({
      cause: 'out-of-memory',
      exitCode: null,
    });
    expect(await exec(handle, 'kill -9 $$')).toMatchObject({ cause: 'signalled', signal: 9 });
    expect(await driver.stats(handle)).toMatchObject({ memoryBytes: expect.any(Number) });
  });

  it('refuses a command line that the host cannot hand to the engine', async () => {
    const handle = await created();

    await expect(exec(handle, `echo ${'x'.repeat(200_000)}`)).rejects.toMatchObject({ code: 'TOO_LONG' });
    expect(await exec(handle, 'true')).toMatchObject({ exitCode: 0 });
  });

  it('gives every environment as it is, line breaks and odd signs too', async () => {
    const handle = await created();
    const env = {
      BREAKS: 'a\nb',
      HASH: '# no comment',
      SPACES: '  x ',
      QUOTES: `"'\\$HOME`,
      EMPTY: '',
      ACCENT: 'é🦦',
    };

    const outcome = await driver.exec(
      handle,
      {
        execId: newExecId(),
        command: {
          shell: `printf '[%s]' ${Object.keys(env)
            .map((name) => '"$' + name + '"')
            .join(' ')}`,
        },
        timeoutMs: 30_000,
        env,
      },
      { write: async () => undefined },
      new AbortController().signal,
    );

    expect(Buffer.from(outcome.stdout.head).toString()).toBe(
      Object.values(env)
        .map((value) => `[${value}]`)
        .join(''),
    );
  });

  it('does not wait for a daemon that keeps its output open', async () => {
    const handle = await created();

    const outcome = await exec(handle, 'echo started; sleep 3901 &');

    expect(outcome).toMatchObject({ cause: 'exited', exitCode: 0 });
    expect(Buffer.from(outcome.stdout.head).toString()).toBe('started\n');
  });

  it('finds the commands of a bot that died, and ends them', async () => {
    const handle = await created();
    const ready = Promise.withResolvers<void>();
    const execId = newExecId();
    const running = exec(handle, 'echo ready; sleep 3902', { execId, said: ready.resolve });
    await ready.promise;

    const restarted = world.reopen();
    expect(await restarted.executions(handle)).toMatchObject([{ execId, pid: expect.any(Number) }]);
    await restarted.kill(handle, execId);

    expect((await running).cause).not.toBe('exited');
    expect(await restarted.executions(handle)).toEqual([]);
    expect(Buffer.from((await exec(handle, 'ps')).stdout.head).toString()).not.toContain('sleep 3902');
  });

  it('lists what a create that died has left in the engine, and nothing of others', async () => {
    const [half, foreign] = [newContainerId(), newContainerId()];
    const image = (await daemon.docker(['images', '--format={{.Repository}}:{{.Tag}}'])).split('\n')[0] ?? '';
    const make = (installation: string, id: string) =>
      daemon.docker([
        'create',
        `--name=airlock-${installation}-${id}`,
        `--label=airlock.installation=${installation}`,
        '--network=none',
        image,
        'true',
      ]);
    await make(world.installationId, half);
    await make('other000', foreign);

    expect((await driver.list()).map((one) => one.containerId)).toEqual([half]);
    expect(Object.values(await driver.remove(driver.newHandle(half))).flat()).toEqual([]);
    expect(await driver.list()).toEqual([]);
    expect(await daemon.docker(['ps', '-a', '--format={{.Names}}'])).toBe(`airlock-other000-${foreign}\n`);
    await daemon.docker(['rm', `airlock-other000-${foreign}`]);
  });

  it("opens the engine's event stream again when it breaks", async () => {
    const handle = await created();
    const exit = Promise.withResolvers<SandboxExit>();
    using _watch = driver.watch(handle, exit.resolve);
    const streams = await eventStreams();
    await killProcesses(streams);

    await world.killSandbox(handle);

    expect(streams).not.toEqual([]);
    expect((await exit.promise).cause).toBe('sandbox-lost');
  });

  it('frees the disk of an agent although the shim of a later one has a copy of its mount', async () => {
    const handle = await created();
    // As a shim of Kata does when it starts.
    const shim = spawn(
      'sh',
      ['-c', "exec unshare --mount --propagation=shared sh -c 'echo on; exec sleep 60'"],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const ended = once(shim, 'exit');
    try {
      await once(shim.stdout, 'data');
      expect(Object.values(await driver.remove(handle)).flat()).toEqual([]);
      expect(await world.leftovers()).toEqual([]);
    } finally {
      shim.kill('SIGKILL');
      await ended;
    }
  });

  it('marks its containers with installation, container, agent and node', async () => {
    const handle = await created();

    const name = `airlock-${world.installationId}-${handle.containerId}`;
    const labels: unknown = JSON.parse(
      await daemon.docker(['inspect', '--format={{json .Config.Labels}}', name]),
    );

    expect(labels).toEqual({
      'airlock.installation': world.installationId,
      'airlock.container': handle.containerId,
      'airlock.agent': 'agent',
      'airlock.node': 'test-node',
    });
  });

  /** The stream is started in the background. */
  async function eventStreams() {
    for (let looks = 0; looks < 200; looks += 1) {
      const found = await processesNaming(`label=airlock.installation=${world.installationId}`);
      if (found.length > 0) return found;
    }
    return [];
  }
});
