import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newContainerId } from '../../src/lib/ids.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { createNetworks } from '../../src/sandboxes/networks/network.ts';
import type { SandboxDriver, SandboxHandle } from '../../src/sandboxes/sandbox.ts';
import {
  createFakeInternet,
  type FakeInternet,
  HOST_ADDRESS,
  PRIVATE_ADDRESSES,
  PUBLIC_ADDRESS,
} from '../fixtures/fake-internet.ts';
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

it.skipIf(missing === null)(`the network of a gvisor sandbox is not shown: ${missing}`, (context) =>
  context.skip(),
);

describe.each(binaries)('the network with %s', (binary) => {
  let internet: FakeInternet;
  let world: GvisorWorld;
  let driver: SandboxDriver;

  /** A driver whose host is a namespace made for the test, with an internet behind it. */
  function driverWith(environment: Record<string, string>): SandboxDriver {
    const networks = createNetworks({
      installationId: world.installationId,
      log: silentLogger,
      hostNamespace: internet.host,
    });
    return world.reopen(environment, { networks });
  }

  beforeEach(async () => {
    internet = await createFakeInternet();
    world = await openGvisorWorld(binary);
    driver = driverWith({ AIRLOCK_GVISOR_HOSTINET: 'allow' });
  });
  afterEach(async () => {
    for (const handle of await driver.list()) await driver.remove(handle);
    await world[Symbol.asyncDispose]();
    await internet[Symbol.asyncDispose]();
  });

  async function created(): Promise<{ handle: SandboxHandle; warnings: readonly string[] }> {
    const handle = driver.newHandle(newContainerId());
    return { handle, ...(await driver.create(handle, specOf(world, { networkEnabled: true }), never())) };
  }

  const ask = async (handle: SandboxHandle, address: string): Promise<string | null> => {
    const request = `printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${address} 80`;
    const { stdout } = await runIn(driver, handle, request);
    return /\[(?:::ffff:)?([0-9a-f.:]+)\]$/.exec(stdout)?.[1] ?? null;
  };

  it('reaches the internet, and neither the host nor private addresses nor the cloud metadata', async () => {
    const { handle } = await created();

    expect(await ask(handle, PUBLIC_ADDRESS)).toBe(HOST_ADDRESS);
    for (const address of [HOST_ADDRESS, ...PRIVATE_ADDRESSES]) {
      expect({ address, answer: await ask(handle, address) }).toEqual({ address, answer: null });
    }
  });

  it('brings public resolvers of its own', async () => {
    const { handle } = await created();

    const { stdout } = await runIn(driver, handle, 'cat /etc/resolv.conf');

    expect(stdout).toMatch(/^nameserver \d+\.\d+\.\d+\.\d+$/m);
    expect(stdout).not.toMatch(/^nameserver (127\.|10\.|192\.168\.)/m);
  });

  it('goes with the sandbox', async () => {
    const { handle } = await created();

    const evidence = await driver.remove(handle);

    expect(Object.values(evidence).flat()).toEqual([]);
    expect(await world.leftovers()).toEqual([]);
    expect(internet.exec(internet.host, ['ip', '-o', 'link'])).not.toContain(world.installationId);
    expect(internet.exec(internet.host, ['nft', 'list', 'tables'])).not.toContain(world.installationId);
  });

  it("is gVisor's own, or refused with the reason until the operator allows the host's stack", async () => {
    const strict = driverWith({});
    const info = await strict.detect();
    const allowed = await driver.detect();
    const { warnings } = await created();
    const refused = strict.create(
      strict.newHandle(newContainerId()),
      specOf(world, { networkEnabled: true }),
      never(),
    );

    if (info.capabilities.network === 'sandbox') {
      expect(allowed.capabilities.network).toBe('sandbox');
      expect(warnings).toEqual([]);
      await refused;
      for (const handle of await strict.list()) await strict.remove(handle);
    } else {
      expect(info.capabilities.network).toBe('none');
      expect(info.warnings.join('\n')).toContain('root network namespace');
      expect(allowed.capabilities.network).toBe('host-in-namespace');
      expect(warnings.join('\n')).toContain('AIRLOCK_GVISOR_HOSTINET');
      await expect(refused).rejects.toMatchObject({
        code: 'NETWORK_UNAVAILABLE',
        message: expect.stringContaining('root network namespace'),
      });
    }
  });
});
