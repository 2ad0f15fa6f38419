import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newContainerId } from '../../src/lib/ids.ts';
import type { SandboxDriver, SandboxHandle } from '../../src/sandboxes/sandbox.ts';
import { nerdctlBinaries, startContainerd, whyNoContainerd } from '../fixtures/containerd-daemon.ts';
import { startDocker, whyNoDocker } from '../fixtures/docker-daemon.ts';
import {
  createFakeInternet,
  type FakeInternet,
  HOST_ADDRESS,
  PRIVATE_ADDRESSES,
  PUBLIC_ADDRESS,
} from '../fixtures/fake-internet.ts';
import { runIn, SMALL_LIMITS } from '../fixtures/gvisor-world.ts';
import { type KataWorld, openKataWorld } from '../fixtures/kata-world.ts';
import type { EngineDaemon } from '../fixtures/own-daemon.ts';

type Start = (options: { hostNamespace: string }) => Promise<EngineDaemon>;

describeNetwork('docker', await whyNoDocker(), startDocker);
for (const binary of nerdctlBinaries()) {
  describeNetwork(path.basename(binary), await whyNoContainerd(), (options) =>
    startContainerd(binary, options),
  );
}
if (nerdctlBinaries().length === 0) describeNetwork('nerdctl', await whyNoContainerd(), startDocker);

/** With runc in Kata's place: the firewall and the bridge are on the host side and the same for both. */
function describeNetwork(engine: string, missing: string | null, start: Start): void {
  describe(`the network of a kata sandbox through ${engine}`, () => {
    if (missing === null) showNetwork(start);
    else it(`is as gVisor's (not shown: ${missing})`, (context) => context.skip());
  });
}

function showNetwork(start: Start): void {
  let internet: FakeInternet;
  let daemon: EngineDaemon;
  let world: KataWorld;
  let driver: SandboxDriver;

  beforeAll(async () => {
    internet = await createFakeInternet();
    daemon = await start({ hostNamespace: internet.host });
    world = await openKataWorld({
      environment: daemon.environment,
      unproven: {
        engine: daemon.engine,
        binary: daemon.binary,
        runtime: daemon.engine === 'docker' ? 'runc' : 'io.containerd.runc.v2',
        hostNamespace: internet.host,
      },
    });
    driver = world.driver;
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await daemon[Symbol.asyncDispose]();
    await internet[Symbol.asyncDispose]();
  });

  async function created(): Promise<SandboxHandle> {
    const handle = driver.newHandle(newContainerId());
    const limits = { ...SMALL_LIMITS, networkEnabled: true };
    const identity = { agentId: 'agent', name: 'calm-otter', environment: {} };
    await driver.create(handle, { image: world.image, limits, identity }, new AbortController().signal);
    return handle;
  }

  const ask = async (handle: SandboxHandle, address: string): Promise<string | null> => {
    const request = `printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${address} 80`;
    const { stdout } = await runIn(driver, handle, request);
    return /\[(?:::ffff:)?([0-9a-f.:]+)\]$/.exec(stdout)?.[1] ?? null;
  };

  it('can be had where a container started with one', async () => {
    expect(await driver.detect()).toMatchObject({ available: true, capabilities: { network: 'sandbox' } });
  });

  it('reaches the internet, and neither the host nor private addresses, and goes with the sandbox', async () => {
    const [handle, other] = [await created(), await created()];

    expect(await ask(handle, PUBLIC_ADDRESS)).toBe(HOST_ADDRESS);
    for (const address of [HOST_ADDRESS, ...PRIVATE_ADDRESSES, await addressOf(other)]) {
      expect({ address, answer: await ask(handle, address) }).toEqual({ address, answer: null });
    }
    expect((await runIn(driver, handle, 'cat /etc/resolv.conf')).stdout).toMatch(/^nameserver \d/m);

    for (const one of [handle, other]) {
      expect(Object.values(await driver.remove(one)).flat()).toEqual([]);
    }
    expect([...(await world.leftovers()), ...(await daemon.left())]).toEqual([]);
    expect(internet.exec(internet.host, ['ip', '-o', 'link'])).not.toContain(world.installationId);
    expect(internet.exec(internet.host, ['nft', 'list', 'tables'])).not.toContain(world.installationId);
  });

  it('is undone with a create that fails', async () => {
    await using _broken = await daemon.failing('start');

    await expect(created()).rejects.toMatchObject({ code: 'CREATE_FAILED' });

    expect(internet.exec(internet.host, ['ip', '-o', 'link'])).not.toContain(world.installationId);
    expect(internet.exec(internet.host, ['nft', 'list', 'tables'])).not.toContain(world.installationId);
    expect([...(await world.leftovers()), ...(await daemon.left())]).toEqual([]);
  });

  async function addressOf(handle: SandboxHandle): Promise<string> {
    const { stdout } = await runIn(driver, handle, 'ip -o -4 addr show eth0');
    return /inet (\d+\.\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? 'no address';
  }
}
