import { AppError, toAppError } from '../../errors.ts';
import { newContainerId } from '../../lib/ids.ts';
import type { Logger } from '../../lib/logger.ts';
import { firewallRuleset } from './firewall.ts';
import { createHostNetwork, type HostNetwork } from './host-network.ts';
import { freePair, type PairSubnet } from './subnet.ts';

export { sandboxResolvConf } from './resolv-conf.ts';

/** A network of one sandbox: a namespace, a pair of interfaces, NAT, and a firewall on the host side of the pair. */
export interface SandboxNetwork {
  /** For the `network` namespace of the OCI spec. */
  netnsPath: string;
  netnsName: string;
  /** The sandbox's own, on `eth0`. */
  address: string;
  gateway: string;
  hostInterface: string;
}

export interface Networks {
  /** Makes a network and takes it away again. Never throws; the reason says what to do. */
  probe(): Promise<{ usable: boolean; reason: string | null }>;
  /** Throws NETWORK_UNAVAILABLE, and everything is undone then. */
  create(containerId: string): Promise<SandboxNetwork>;
  /** Also takes the first six characters of the id, as `list` gives them. Idempotent. Throws CLEANUP_FAILED with what is left. */
  remove(containerId: string): Promise<void>;
  /** What of it is still on this host, looked up now; empty when nothing is. */
  left(containerId: string): Promise<string[]>;
  /** The first six characters of the container ids of all networks of this installation, half-made ones included. */
  list(): Promise<string[]>;
}

export interface NetworksOptions {
  /** 8 characters; prefixes every name. */
  installationId: string;
  log: Logger;
  /** A named network namespace that plays the host, for tests. */
  hostNamespace?: string;
}

/** Of the container id; an interface name has room for 15 characters in all. */
const KEY_LENGTH = 6;
/** Another installation may claim the same pair between looking and claiming. */
const CLAIM_TRIES = 20;

export function createNetworks(options: NetworksOptions): Networks {
  const host = createHostNetwork(options.hostNamespace);
  const namesOf = (containerId: string) => networkNames(options.installationId, containerId);

  const networks: Networks = {
    async probe() {
      try {
        if ((await host.uplink()) === null) return unusable('this host has no IPv4 default route');
        const blocked = forwardingBlocked(await host.ruleset(), options.installationId);
        if (blocked !== null) return unusable(blocked);
        const probeId = newContainerId();
        await networks.create(probeId);
        await networks.remove(probeId);
        return { usable: true, reason: null };
      } catch (error) {
        const { message, hint } = toAppError(error);
        return unusable(hint === undefined ? message : `${message} (${hint})`);
      }
    },

    async create(containerId) {
      const names = namesOf(containerId);
      const there = await networks.left(containerId);
      if (there.length > 0) throw new AppError('NETWORK_UNAVAILABLE', `already there: ${there.join(', ')}`);
      const uplink = await host.uplink();
      if (uplink === null) {
        throw new AppError('NETWORK_UNAVAILABLE', 'this host has no IPv4 default route', {
          hint: 'create the agent without --network, or give the host a route',
        });
      }
      try {
        await enableForwarding(host, options.log);
        await host.addNamespace(names.netnsName);
        await host.setSysctl('net/ipv6/conf/all/disable_ipv6', '1', names.netnsName);
        await host.setSysctl('net/ipv6/conf/default/disable_ipv6', '1', names.netnsName);
        await host.ip([
          `link add ${names.hostInterface} mtu ${uplink.mtu} type veth peer name eth0 mtu ${uplink.mtu} netns ${names.netnsName}`,
        ]);
        await host.setSysctl(`net/ipv6/conf/${names.hostInterface}/disable_ipv6`, '1');
        await host.setSysctl(`net/ipv4/conf/${names.hostInterface}/rp_filter`, '1');
        const pair = await claimPair(names);
        await host.ipIn(names.netnsName, [
          'link set lo up',
          `address add ${pair.address}/30 dev eth0`,
          'link set eth0 up',
          `route add default via ${pair.gateway} dev eth0`,
        ]);
        const { netnsName, hostInterface } = names;
        return { netnsPath: `/run/netns/${netnsName}`, netnsName, hostInterface, ...addressesOf(pair) };
      } catch (error) {
        await networks.remove(containerId).catch((cleanupError: unknown) => {
          options.log.error({ err: cleanupError, ...names }, 'could not undo a network');
        });
        throw error;
      }
    },

    async remove(containerId) {
      const names = namesOf(containerId);
      const failures: unknown[] = [];
      const step = async (work: Promise<void>) => work.catch((error: unknown) => void failures.push(error));
      const [interfaces, namespaces, tables] = await look();
      // The interface first: from then on no packet passes, so the firewall may go.
      if (interfaces.includes(names.hostInterface))
        await step(host.ip([`link delete ${names.hostInterface}`]));
      if (namespaces.includes(names.netnsName)) await step(host.deleteNamespace(names.netnsName));
      if (tables.includes(names.table)) await step(host.nft(`delete table inet ${names.table}\n`));
      const left = await networks.left(containerId);
      if (left.length === 0) return;
      throw new AppError('CLEANUP_FAILED', `a sandbox's network is still there: ${left.join(', ')}`, {
        cause: new AggregateError(failures),
      });
    },

    async left(containerId) {
      const names = namesOf(containerId);
      const [interfaces, namespaces, tables] = await look();
      return [
        ...(interfaces.includes(names.hostInterface) ? [`interface ${names.hostInterface}`] : []),
        ...(namespaces.includes(names.netnsName) ? [`network namespace ${names.netnsName}`] : []),
        ...(tables.includes(names.table) ? [`nftables table inet ${names.table}`] : []),
      ];
    },

    async list() {
      const { netnsName, hostInterface, table } = namesOf('');
      const [interfaces, namespaces, tables] = await look();
      const keys = (names: readonly string[], prefix: string) =>
        names
          .filter((name) => name.startsWith(prefix) && name.length === prefix.length + KEY_LENGTH)
          .map((name) => name.slice(prefix.length));
      return [
        ...new Set([
          ...keys(interfaces, hostInterface),
          ...keys(namespaces, netnsName),
          ...keys(tables, table),
        ]),
      ];
    },
  };
  return networks;

  function look(): Promise<[string[], string[], string[]]> {
    return Promise.all([host.interfaces(), host.namespaces(), host.tables()]);
  }

  /** The firewall stands before the interface comes up; the route is the claim: the kernel gives it to one only. */
  async function claimPair(names: ReturnType<typeof namesOf>): Promise<PairSubnet> {
    for (let tries = 1; ; tries += 1) {
      const pair = freePair(await host.destinations());
      if (pair === null) {
        throw new AppError('NETWORK_UNAVAILABLE', 'no free subnet for another sandbox', {
          hint: 'stop agents that have a network',
        });
      }
      const { table, hostInterface } = names;
      await installFirewall(host, { table, hostInterface, address: pair.address });
      try {
        await host.ip([
          `address add ${pair.gateway}/30 dev ${hostInterface} noprefixroute`,
          `link set ${hostInterface} up`,
          `route add ${pair.network} dev ${hostInterface} src ${pair.gateway}`,
        ]);
        return pair;
      } catch (error) {
        if (tries >= CLAIM_TRIES || !/File exists/.test(toAppError(error).message)) throw error;
        await host.ip([`address flush dev ${hostInterface}`]);
      }
    }
  }
}

/** Host-wide names of one sandbox's network; the interface is the host's end of a pair, or a bridge. */
export function networkNames(installationId: string, containerId: string) {
  const key = containerId.slice(0, KEY_LENGTH);
  return {
    netnsName: `al${installationId}-${key}`,
    hostInterface: `a${installationId}${key}`,
    table: `al${installationId}_${key}`,
  };
}

export async function enableForwarding(host: HostNetwork, log: Logger): Promise<void> {
  if ((await host.sysctl('net/ipv4/ip_forward')) === '1') return;
  await host.setSysctl('net/ipv4/ip_forward', '1');
  log.warn({}, 'IPv4 forwarding turned on: sandboxes with a network need it');
}

/** Puts the firewall of one sandbox in the place of the one that may be there, whether its interface is there or not. */
export async function installFirewall(
  host: HostNetwork,
  rules: Parameters<typeof firewallRuleset>[0],
): Promise<void> {
  const { table } = rules;
  await host.nft(`table inet ${table}\ndelete table inet ${table}\n${firewallRuleset(rules)}`);
}

function addressesOf(pair: PairSubnet): { address: string; gateway: string } {
  return { address: pair.address, gateway: pair.gateway };
}

function unusable(reason: string): { usable: false; reason: string } {
  return { usable: false, reason };
}

/**
 * Another firewall that forwards nothing by default (Docker's) drops what ours lets pass. Null when there is none, or it
 * has been told to let our interfaces through.
 */
export function forwardingBlocked(ruleset: string, installationId: string): string | null {
  const dropsByDefault = /type filter hook forward [^;]*; policy drop;/.test(ruleset);
  if (!dropsByDefault || ruleset.includes(`"a${installationId}*"`)) return null;
  const wildcard = `a${installationId}+`;
  return (
    'another firewall on this host drops forwarded packets (Docker does); let the sandboxes through: ' +
    `iptables -I FORWARD -i ${wildcard} -j ACCEPT && iptables -I FORWARD -o ${wildcard} -j ACCEPT`
  );
}
