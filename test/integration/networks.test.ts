import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newContainerId, randomId } from '../../src/lib/ids.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { createNetworks, type Networks } from '../../src/sandboxes/networks/network.ts';
import {
  createFakeInternet,
  HOST_ADDRESS,
  PRIVATE_ADDRESSES,
  PUBLIC_ADDRESS,
  PUBLIC_ADDRESS_6,
  REQUEST,
  type FakeInternet,
} from '../fixtures/fake-internet.ts';
import { noteInstallation } from '../fixtures/installations.ts';

let internet: FakeInternet;
let networks: Networks;
let made: Networks[];

const networksOf = (installationId: string): Networks => {
  noteInstallation(installationId);
  const created = createNetworks({ installationId, log: silentLogger, hostNamespace: internet.host });
  made.push(created);
  return created;
};

beforeEach(async () => {
  internet = await createFakeInternet();
  made = [];
  networks = networksOf(randomId(8));
});
afterEach(async () => {
  for (const each of made) for (const key of await each.list()) await each.remove(key);
  await internet[Symbol.asyncDispose]();
});

describe('a sandbox with a network', () => {
  it('reaches the internet under the address of the host', async () => {
    const { netnsName, netnsPath, address, gateway } = await networks.create(newContainerId());
    expect(internet.ask(netnsName, PUBLIC_ADDRESS)).toBe(HOST_ADDRESS);
    expect(netnsPath).toBe(`/run/netns/${netnsName}`);
    const inside = internet.exec(netnsName, ['ip', '-4', 'route']);
    expect(inside).toContain(`default via ${gateway} dev eth0`);
    expect(inside).toContain(`src ${address}`);
    expect(internet.exec(netnsName, ['ip', 'link', 'show', 'eth0'])).toContain('mtu 1400');
  });

  it.each(PRIVATE_ADDRESSES)('is refused %s, which the host itself reaches', async (address) => {
    const { netnsName } = await networks.create(newContainerId());
    expect(internet.ask(internet.host, address)).toBe(HOST_ADDRESS);
    expect(internet.ask(netnsName, address)).toBeNull();
  });

  it('is refused every address of the host', async () => {
    const { netnsName, gateway } = await networks.create(newContainerId());
    expect(internet.ask(internet.host, HOST_ADDRESS)).toBe(HOST_ADDRESS);
    expect(internet.ask(netnsName, HOST_ADDRESS)).toBeNull();
    expect(internet.ask(internet.host, gateway)).toBe(gateway);
    expect(internet.ask(netnsName, gateway)).toBeNull();
  });

  it('is refused a private service that the host forwards one of its own ports to', async () => {
    const { netnsName } = await networks.create(newContainerId());
    internet.exec(
      internet.host,
      ['nft', '-f', '-'],
      `table ip forwarder {\nchain prerouting {\ntype nat hook prerouting priority -100;\nip daddr ${HOST_ADDRESS} tcp dport 80 dnat to 192.168.7.7\n}\n}\n`,
    );
    expect(internet.ask(netnsName, HOST_ADDRESS)).toBeNull();
  });

  it('is refused other sandboxes, and the host does not get in either', async () => {
    const [first, second] = [
      await networks.create(newContainerId()),
      await networks.create(newContainerId()),
    ];
    internet.serve(second.netnsName);
    expect(internet.ask(first.netnsName, second.address)).toBeNull();
    expect(internet.ask(first.netnsName, second.gateway)).toBeNull();
    expect(internet.ask(internet.host, second.address)).toBeNull();
    // It is the firewall that refused: without it all of them answer.
    internet.exec(internet.host, ['nft', 'flush', 'ruleset']);
    expect(internet.ask(first.netnsName, second.address)).toBe(first.address);
    expect(internet.ask(first.netnsName, second.gateway)).toBe(first.address);
    expect(internet.ask(internet.host, second.address)).toBe(second.gateway);
  });

  it('cannot be reached from the internet', async () => {
    const { netnsName, address } = await networks.create(newContainerId());
    internet.serve(netnsName);
    const outside = internet.host.replace(/host$/, 'net');
    internet.ip(outside, 'route', 'add', `${address}/32`, 'via', HOST_ADDRESS);
    expect(internet.ask(outside, HOST_ADDRESS)).toBe('203.0.113.2');
    expect(internet.ask(outside, address)).toBeNull();
  });

  it('cannot speak under an address that is not its own', async () => {
    const { netnsName } = await networks.create(newContainerId());
    const own = internet.exec(netnsName, ['busybox', 'nc', '-w', '2', PUBLIC_ADDRESS, '80'], REQUEST);
    expect(own).toContain(HOST_ADDRESS);
    internet.ip(netnsName, 'address', 'add', '203.0.113.77/32', 'dev', 'eth0');
    const spoofed = ['busybox', 'nc', '-s', '203.0.113.77', '-w', '2', PUBLIC_ADDRESS, '80'];
    expect(() => internet.exec(netnsName, spoofed, REQUEST)).toThrow(/nc/);
  });

  it('has no IPv6, not even where both ends of the pair are made to speak it', async () => {
    const { netnsName, hostInterface } = await networks.create(newContainerId());
    expect(internet.exec(netnsName, ['ip', '-6', 'address'])).toBe('');
    expect(internet.exec(internet.host, ['ip', '-6', 'address', 'show', 'dev', hostInterface])).toBe('');
    for (const [namespace, device, address] of [
      [netnsName, 'eth0', '2001:db8:1::2/64'],
      [internet.host, hostInterface, '2001:db8:1::1/64'],
    ] as const) {
      internet.exec(namespace, ['tee', `/proc/sys/net/ipv6/conf/${device}/disable_ipv6`], '0');
      internet.ip(namespace, 'address', 'add', address, 'dev', device, 'nodad');
    }
    internet.exec(internet.host, ['tee', '/proc/sys/net/ipv6/conf/all/forwarding'], '1');
    internet.ip(
      internet.host.replace(/host$/, 'net'),
      'route',
      'add',
      '2001:db8:1::/64',
      'via',
      '2001:db8:2::1',
    );
    internet.ip(netnsName, 'route', 'add', 'default', 'via', '2001:db8:1::1');
    expect(internet.ask(internet.host, PUBLIC_ADDRESS_6)).toBe('2001:db8:2::1');
    expect(internet.ask(netnsName, PUBLIC_ADDRESS_6)).toBeNull();
    expect(internet.ask(netnsName, '2001:db8:1::1')).toBeNull();
  });
});

describe('several installations on one host', () => {
  it('never share a subnet and list and remove only their own', async () => {
    const other = networksOf(randomId(8));
    const ids = Array.from({ length: 4 }, newContainerId);
    const all = await Promise.all(ids.flatMap((id) => [networks.create(id), other.create(id)]));
    expect(new Set(all.map((network) => network.address)).size).toBe(8);
    expect(new Set(await networks.list())).toEqual(new Set(ids.map((id) => id.slice(0, 6))));
    for (const id of ids) await networks.remove(id);
    expect(await networks.list()).toEqual([]);
    expect(await other.list()).toHaveLength(4);
    expect(internet.ask(all[1]?.netnsName ?? '', PUBLIC_ADDRESS)).toBe(HOST_ADDRESS);
  });
});

describe('clean-up', () => {
  it('takes everything away, by name, twice', async () => {
    const id = newContainerId();
    const before = internet.exec(internet.host, ['nft', 'list', 'ruleset']);
    const network = await networks.create(id);
    expect(await networks.left(id)).toEqual([
      `interface ${network.hostInterface}`,
      `network namespace ${network.netnsName}`,
      expect.stringMatching(/^nftables table inet al/),
    ]);
    await networks.remove(id.slice(0, 6));
    await networks.remove(id);
    expect(await networks.left(id)).toEqual([]);
    expect(internet.exec(internet.host, ['nft', 'list', 'ruleset'])).toBe(before);
    expect(internet.exec(internet.host, ['ip', '-4', 'route'])).not.toContain(network.hostInterface);
  });

  it('finds and removes what a killed bot left half-made', async () => {
    const id = newContainerId();
    const { netnsName, hostInterface } = await networks.create(id);
    internet.ip(internet.host, 'link', 'delete', hostInterface);
    execFileSync('ip', ['netns', 'delete', netnsName]);
    expect(await networks.list()).toEqual([id.slice(0, 6)]);
    await networks.remove(id);
    expect(await networks.list()).toEqual([]);
  });

  it('undoes a network that cannot be completed', async () => {
    internet.ip(internet.host, 'route', 'add', 'blackhole', '198.18.0.0/15');
    internet.ip(internet.host, 'route', 'add', 'blackhole', '172.16.0.0/12');
    const id = newContainerId();
    await expect(networks.create(id)).rejects.toMatchObject({
      code: 'NETWORK_UNAVAILABLE',
      message: 'no free subnet for another sandbox',
    });
    expect(await networks.left(id)).toEqual([]);
  });

  it('does not touch an interface that is there under its name', async () => {
    const id = newContainerId();
    const { hostInterface } = await networks.create(id);
    await expect(networks.create(id)).rejects.toMatchObject({ code: 'NETWORK_UNAVAILABLE' });
    expect(await networks.left(id)).toContain(`interface ${hostInterface}`);
  });
});

describe('the probe', () => {
  it('makes a network for real and leaves nothing', async () => {
    expect(await networks.probe()).toEqual({ usable: true, reason: null });
    expect(await networks.list()).toEqual([]);
  });

  it('says that there is no default route', async () => {
    internet.ip(internet.host, 'route', 'delete', 'default');
    expect(await networks.probe()).toEqual({ usable: false, reason: 'this host has no IPv4 default route' });
    await expect(networks.create(newContainerId())).rejects.toMatchObject({ code: 'NETWORK_UNAVAILABLE' });
  });

  it('says that another firewall drops what is forwarded', async () => {
    internet.exec(
      internet.host,
      ['nft', '-f', '-'],
      'table ip filter {\nchain FORWARD {\ntype filter hook forward priority 0; policy drop;\n}\n}\n',
    );
    const { usable, reason } = await networks.probe();
    expect(usable).toBe(false);
    expect(reason).toContain('iptables -I FORWARD');
  });
});

it('leaves the namespace of the host of the tests alone', async () => {
  await networks.create(newContainerId());
  expect(await readFile('/proc/net/dev', 'utf8')).not.toContain((await networks.list())[0]);
});
