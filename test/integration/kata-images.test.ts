import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newContainerId, newExecId } from '../../src/lib/ids.ts';
import type { EngineImage, SandboxDriver } from '../../src/sandboxes/sandbox.ts';
import { type DockerDaemon, startDocker, whyNoDocker } from '../fixtures/docker-daemon.ts';
import { importImage } from '../fixtures/engine-image.ts';
import { SMALL_LIMITS } from '../fixtures/gvisor-world.ts';
import { type KataWorld, openKataWorld } from '../fixtures/kata-world.ts';

const missing = await whyNoDocker();

it.skipIf(missing === null)(`images of an engine are not shown: ${missing}`, (context) => context.skip());

/** On a real daemon, with its other runtimes in Kata's place. */
describe.skipIf(missing !== null)('an image that the engine has', () => {
  let daemon: DockerDaemon;
  let world: KataWorld;
  let driver: SandboxDriver;

  beforeAll(async () => {
    daemon = await startDocker();
    world = await open('runc');
    driver = world.driver;
    const changes = ['HEALTHCHECK CMD touch /tmp/checked', 'ENTRYPOINT ["/none"]'];
    await importImage(daemon, { tag: 'tools:1', which: 'first', changes });
  });
  afterEach(async () => {
    for (const handle of await driver.list()) await driver.remove(handle);
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await daemon[Symbol.asyncDispose]();
  });

  function open(runtime: string): Promise<KataWorld> {
    return openKataWorld({
      environment: { DOCKER_HOST: daemon.host },
      unproven: { engine: 'docker', binary: daemon.binary, runtime },
    });
  }

  async function read(on: SandboxDriver, image: EngineImage, shell: string): Promise<string> {
    const handle = on.newHandle(newContainerId());
    const identity = { agentId: 'agent', name: 'calm-otter', environment: {} };
    await on.create(handle, { image, limits: SMALL_LIMITS, identity }, new AbortController().signal);
    const outcome = await on.exec(
      handle,
      { execId: newExecId(), command: { shell }, timeoutMs: 30_000 },
      { write: async () => {} },
      new AbortController().signal,
    );
    return Buffer.from(outcome.stdout.head).toString();
  }

  async function found(name: string, on = driver): Promise<EngineImage> {
    const image = await on.images?.find(name);
    if (image === null || image === undefined) throw new Error(`no ${name}`);
    return image;
  }

  it.each(['runc', 'runsc-test'])(
    'is what runs, with the disk and the limits of every agent (%s)',
    async (runtime) => {
      if (!daemon.runtimes.includes(runtime)) return;
      await using opened = runtime === 'runc' ? null : await open(runtime);
      const other = opened ?? world;

      const said = await read(
        other.driver,
        await found('tools:1', other.driver),
        'cat /which; echo; echo own > /workspace/file && cat /workspace/file; touch /new 2>/dev/null || echo refused; id -u',
      );

      expect(said.split('\n')).toEqual(['first', 'own', 'refused', '65534', '']);
      const [handle] = await other.driver.list();
      const name = `airlock-${other.installationId}-${handle?.containerId ?? ''}`;
      const checks = await daemon.docker(['inspect', '--format={{json .Config.Healthcheck}}', name]);
      expect(JSON.parse(checks)).toEqual({ Test: ['NONE'] });
    },
  );

  it('is refused with a clear error, and not pulled, when it has gone since', async () => {
    await importImage(daemon, { tag: 'going:1', which: 'gone' });
    const approved = await found('going:1');
    await daemon.docker(['rmi', 'going:1']);

    expect(await driver.images?.find('going:1')).toBeNull();
    await expect(read(driver, approved, 'true')).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      message: expect.stringMatching(/^image going:1 \(sha256:[0-9a-f]{12}\) is no longer there/),
    });
    expect(await driver.list()).toEqual([]);
  });

  it('has the names that the engine lists, and no other: a rule about a name cannot be gone round', async () => {
    await importImage(daemon, { tag: 'plain:latest', which: 'plain' });
    const { name, digest } = await found('plain');

    expect(name).toBe('plain:latest');
    expect(await driver.images?.list()).toEqual(expect.arrayContaining(['plain:latest', 'tools:1']));
    const loaded = `airlock/image:${world.image.digest.slice('sha256:'.length)}`;
    const others = [
      digest,
      digest.slice(7, 19),
      'docker.io/library/plain:latest',
      'library/plain',
      loaded,
      '--help',
      'no:1',
    ];
    const answers = await Promise.all(others.map(async (other) => driver.images?.find(other)));
    expect(answers).toEqual(others.map(() => null));
    expect((await driver.images?.list())?.filter((one) => one.startsWith('airlock/'))).toEqual([]);
  });

  it('is refused when it asks for volumes, which would lie outside the disk', async () => {
    await importImage(daemon, { tag: 'database:1', which: 'db', changes: ['VOLUME /var/lib/db'] });

    await expect(driver.images?.find('database:1')).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('asks for volumes ("/var/lib/db")'),
    });
  });
});
