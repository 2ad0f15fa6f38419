import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { newContainerId } from '../../src/lib/ids.ts';
import type { SandboxDriver } from '../../src/sandboxes/sandbox.ts';
import {
  createFakeEngine,
  type EngineFault,
  type EngineVerb,
  type FakeEngine,
} from '../fixtures/fake-engine.ts';
import { openKataWorld, type KataWorld } from '../fixtures/kata-world.ts';

const asRoot = process.getuid?.() === 0;
const CALL_TIMEOUT_MS = 1500;
const LIMITS = { cpuCores: 1, memoryMb: 64, diskMb: 8, networkEnabled: false, maxProcesses: 20 };

/** An engine that does what no real one does on demand; what it leaves behind is looked for on the host. */
describe.skipIf(!asRoot)('the kata driver on an engine that fails', () => {
  let engine: FakeEngine;
  let world: KataWorld;
  const faulty: EngineVerb[] = [];

  beforeAll(async () => {
    engine = await createFakeEngine();
    world = await openKataWorld({
      environment: {},
      unproven: { engine: 'docker', binary: engine.binary, runtime: 'kata', timeoutMs: CALL_TIMEOUT_MS },
    });
    expect(await world.driver.detect()).toMatchObject({ available: true });
  });
  afterEach(async () => {
    for (const verb of faulty.splice(0)) await engine.fault(verb, null);
    for (const handle of await world.driver.list()) await world.driver.remove(handle);
    expect([...(await leftovers()), ...(await engine.left())]).toEqual([]);
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  async function break_(verb: EngineVerb, fault: EngineFault): Promise<void> {
    faulty.push(verb);
    await engine.fault(verb, fault);
  }

  async function leftovers(): Promise<string[]> {
    return await world.leftovers();
  }

  async function create(driver: SandboxDriver) {
    const handle = driver.newHandle(newContainerId());
    const identity = { agentId: 'agent', name: 'calm-otter', environment: {} };
    const spec = { image: world.image, limits: LIMITS, identity };
    await driver.create(handle, spec, new AbortController().signal);
    return handle;
  }

  const failures: [EngineVerb, EngineFault, string, RegExp][] = [
    ['create', 'fail', 'CREATE_FAILED', /docker create: .*told to fail/],
    ['create', 'exit 42', 'CREATE_FAILED', /docker create: .*exit code 42/],
    ['create', 'garbage', 'CREATE_FAILED', /docker create answered what cannot be read/],
    ['create', 'hang', 'RUNTIME_TIMEOUT', /docker create: .*did not end within/],
    ['create', 'killed', 'CREATE_FAILED', /docker create: .*SIGKILL/],
    ['create', 'half', 'CREATE_FAILED', /docker create: .*SIGKILL/],
    ['start', 'fail', 'CREATE_FAILED', /docker start: .*told to fail/],
    ['start', 'hang', 'RUNTIME_TIMEOUT', /docker start/],
    ['start', 'half', 'CREATE_FAILED', /docker start: .*SIGKILL/],
    ['start', 'garbage', 'CREATE_FAILED', /ended as soon as it was started/],
    ['exec', 'fail', 'CREATE_FAILED', /told to fail/],
    ['exec', 'garbage', 'CREATE_FAILED', /does not say what it is/],
    ['load', 'fail', 'CREATE_FAILED', /docker load: .*told to fail/],
  ];
  it.each(failures)('undoes a create whose `%s` does this: %s', async (verb, fault, code, message) => {
    const fresh = world.reopen();
    await fresh.detect();
    // An image that is there is not loaded again.
    if (verb === 'load') await engine.forgetImages();
    await break_(verb, fault);

    const error = await create(fresh).catch((failure: unknown) => failure);

    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect([...(await leftovers()), ...(await engine.left())]).toEqual([]);
  });

  it('waits for an engine that is slow', async () => {
    for (const verb of ['create', 'start', 'container', 'exec'] as const) await break_(verb, 'slow');

    const handle = await create(world.driver);

    expect(await world.driver.inspect(handle)).toEqual({ status: 'running' });
  });

  it('names what it could not remove, keeps it listed, and removes it the next time', async () => {
    const handle = await create(world.driver);
    await break_('rm', 'hang');

    await expect(world.driver.remove(handle)).rejects.toMatchObject({
      code: 'CLEANUP_FAILED',
      message: expect.stringContaining(`container airlock-${world.installationId}-${handle.containerId}`),
    });
    expect(await world.driver.list()).toEqual([handle]);

    await engine.fault('rm', null);
    expect(Object.values(await world.driver.remove(handle)).flat()).toEqual([]);
  });

  it('says that it cannot tell instead of saying that a sandbox is gone', async () => {
    const handle = await create(world.driver);
    await break_('container', 'garbage');

    await expect(world.driver.inspect(handle)).rejects.toMatchObject({
      code: 'RUNTIME_FAILED',
      hint: expect.stringContaining('AIRLOCK_KATA_ENGINE'),
    });
    await expect(world.driver.remove(handle)).rejects.toBeInstanceOf(AppError);
  });

  it('goes by its own files where the engine cannot list', async () => {
    const handle = await create(world.driver);
    await break_('ps', 'fail');

    expect(await world.driver.list()).toEqual([handle]);
  });

  it('ends a sandbox on the host when the engine does not kill it', async () => {
    const handle = await create(world.driver);
    await break_('kill', 'fail');

    await world.driver.stop(handle, { graceMs: 0 });

    expect(await world.driver.inspect(handle)).toMatchObject({ status: 'exited', cause: 'stopped' });
  });

  it('notices the end of a sandbox although the event stream is dead', async () => {
    await break_('events', 'fail');
    const handle = await create(world.driver);
    const exit = Promise.withResolvers<unknown>();
    using _watch = world.driver.watch(handle, exit.resolve);

    await world.killSandbox(handle);

    expect(await exit.promise).toMatchObject({ cause: 'sandbox-lost' });
  });

  it.each([
    ['garbage', /answered what cannot be read/],
    ['fail', /told to fail/],
    ['hang', /did not end within/],
  ] as const)('is not available on an engine whose `version` does this: %s', async (fault, why) => {
    await break_('version', fault);

    const info = await world.reopen().detect({ refresh: true });

    expect(info).toMatchObject({ available: false, version: null });
    expect(info.missing.join()).toMatch(why);
    expect(info.howToGet).not.toEqual([]);
  });
});
