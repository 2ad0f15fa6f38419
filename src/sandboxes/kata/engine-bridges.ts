import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { HostNetwork } from '../networks/host-network.ts';
import type { PairSubnet } from '../networks/subnet.ts';
import type { EngineClient } from './engine-cli.ts';

/** The engine's name of a network, and the bridge on the host that it stands for. */
export interface BridgeNames {
  network: string;
  bridge: string;
}

/** How an engine comes to networks on bridges of our naming: the firewall goes by the name. */
export interface EngineBridges {
  /** Resolves when the bridge is there. Throws with `overlap` or `File exists` where the subnet is another's by now. */
  create(names: BridgeNames, pair: PairSubnet, mtu: number): Promise<void>;
  /** Names of networks, those of other installations aside. */
  list(): Promise<string[]>;
  /** Idempotent; a bridge may stay. */
  remove(network: string): Promise<void>;
}

/** The engine makes them itself. */
export function engineOwnBridges(client: EngineClient, label: string): EngineBridges {
  return {
    create: ({ network, bridge }, { network: subnet, gateway }, mtu) =>
      client.createNetwork(network, { bridge, subnet, gateway, label, mtu }),
    list: () => client.networks(label),
    remove: (network) => client.removeNetwork(network),
  };
}

const SUFFIX = '.conflist';

/**
 * For an engine that chooses the names of its bridges: they are made here, and the engine joins a container to one by the
 * plugins `bridge` and `static` of CNI, told by a file in a directory that no other engine reads.
 */
export function cniBridges(host: HostNetwork, directory: string): EngineBridges {
  const fileOf = (network: string) => path.join(directory, `${network}${SUFFIX}`);
  return {
    async create({ network, bridge }, pair, mtu) {
      await host.ip([`link add ${bridge} mtu ${mtu} type bridge`]);
      try {
        // The route is the claim: the kernel gives it to one only.
        await host.ip([
          `address add ${pair.gateway}/30 dev ${bridge} noprefixroute`,
          `link set ${bridge} up`,
          `route add ${pair.network} dev ${bridge} src ${pair.gateway}`,
        ]);
      } catch (error) {
        await host.ip([`link delete ${bridge}`]);
        throw error;
      }
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFile(fileOf(network), JSON.stringify(cniNetwork({ network, bridge }, pair, mtu)));
    },
    async list() {
      const files = await readdir(directory).catch(() => []);
      return files.filter((file) => file.endsWith(SUFFIX)).map((file) => path.basename(file, SUFFIX));
    },
    remove: (network) => rm(fileOf(network), { force: true }),
  };
}

function cniNetwork({ network, bridge }: BridgeNames, pair: PairSubnet, mtu: number) {
  return {
    cniVersion: '1.0.0',
    name: network,
    plugins: [
      {
        type: 'bridge',
        bridge,
        mtu,
        // The masquerading is in the firewall of its own.
        ipMasq: false,
        ipam: {
          type: 'static',
          addresses: [{ address: `${pair.address}/30`, gateway: pair.gateway }],
          routes: [{ dst: '0.0.0.0/0', gw: pair.gateway }],
        },
      },
    ],
  };
}
