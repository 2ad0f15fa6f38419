import { AppError, toAppError } from '../../errors.ts';
import type { Logger } from '../../lib/logger.ts';
import { createHostNetwork } from '../networks/host-network.ts';
import { enableForwarding, forwardingBlocked, installFirewall, networkNames } from '../networks/network.ts';
import { freePair } from '../networks/subnet.ts';
import { cniBridges, engineOwnBridges } from './engine-bridges.ts';
import type { EngineClient } from './engine-cli.ts';

/** A network of one sandbox: a bridge of the engine's with one member, behind the firewall that every sandbox has. */
export interface EngineNetworks {
  /** Why none can be had on this host; null when one can. Never throws. */
  whyNone(): Promise<string | null>;
  /** Resolves with the engine's name of it. Throws NETWORK_UNAVAILABLE; whoever called it removes it then. */
  create(containerId: string): Promise<string>;
  /** Idempotent. */
  remove(containerId: string): Promise<void>;
  /** What of it is still on this host; empty when nothing is. */
  left(containerId: string): Promise<string[]>;
}

/** Another installation may claim the same pair between looking and claiming. */
const CLAIM_TRIES = 5;
const TAKEN_PATTERN = /overlap|file exists/i;
/** Of Ethernet. */
const DEFAULT_MTU = 1500;

export function createEngineNetworks(options: {
  client: EngineClient;
  installationId: string;
  label: string;
  /** For what an engine that cannot name bridges has to be told of them; made when needed. */
  directory: string;
  log: Logger;
  /** A named network namespace that plays the host, for tests. */
  hostNamespace?: string;
}): EngineNetworks {
  const { client, installationId } = options;
  const host = createHostNetwork(options.hostNamespace);
  const bridges = client.engine.namesBridges
    ? engineOwnBridges(client, options.label)
    : cniBridges(host, options.directory);
  const namesOf = (containerId: string) => {
    const { netnsName, hostInterface, table } = networkNames(installationId, containerId);
    return { network: `airlock-${netnsName}`, bridge: hostInterface, table };
  };

  async function left(containerId: string): Promise<string[]> {
    const names = namesOf(containerId);
    const [interfaces, tables, networks] = await Promise.all([
      host.interfaces(),
      host.tables(),
      bridges.list(),
    ]);
    return [
      ...(interfaces.includes(names.bridge) ? [`interface ${names.bridge}`] : []),
      ...(tables.includes(names.table) ? [`nftables table inet ${names.table}`] : []),
      ...(networks.includes(names.network) ? [`network ${names.network}`] : []),
    ];
  }

  return {
    left,
    async whyNone() {
      try {
        if ((await host.uplink()) === null) return 'this host has no IPv4 default route';
        return forwardingBlocked(await host.ruleset(), installationId);
      } catch (error) {
        return toAppError(error).message;
      }
    },

    async create(containerId) {
      const { network, bridge, table } = namesOf(containerId);
      const mtu = (await host.uplink())?.mtu ?? DEFAULT_MTU;
      await enableForwarding(host, options.log);
      for (let tries = 1; ; tries += 1) {
        const pair = freePair(await host.destinations());
        if (pair === null) {
          throw new AppError('NETWORK_UNAVAILABLE', 'no free subnet for another sandbox', {
            hint: 'stop agents that have a network',
          });
        }
        // The firewall stands before there is an interface.
        await installFirewall(host, { table, hostInterface: bridge, address: pair.address });
        try {
          await bridges.create({ network, bridge }, pair, mtu);
          await host.setSysctl(`net/ipv6/conf/${bridge}/disable_ipv6`, '1');
          await host.setSysctl(`net/ipv4/conf/${bridge}/rp_filter`, '1');
          return network;
        } catch (error) {
          const { message } = toAppError(error);
          if (tries < CLAIM_TRIES && TAKEN_PATTERN.test(message)) continue;
          throw new AppError('NETWORK_UNAVAILABLE', `cannot set up the sandbox's network: ${message}`, {
            hint: 'create the agent without --network',
            cause: error,
          });
        }
      }
    },

    async remove(containerId) {
      const { network, bridge, table } = namesOf(containerId);
      // The interface first: from then on no packet passes, so the firewall may go.
      if ((await bridges.list()).includes(network)) await bridges.remove(network);
      if ((await host.interfaces()).includes(bridge)) await host.ip([`link delete ${bridge}`]);
      if ((await host.tables()).includes(table)) await host.nft(`delete table inet ${table}\n`);
    },
  };
}
