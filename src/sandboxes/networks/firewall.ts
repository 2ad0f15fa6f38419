/** Destinations no sandbox may reach: private, shared, link-local (cloud metadata), loopback, multicast, reserved. */
export const REFUSED_DESTINATIONS = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
] as const;

/** One sandbox cannot fill the host's connection table (65536 on a small host) and so cut others off. */
const MAX_CONNECTIONS = 1024;

/**
 * The nftables ruleset of one sandbox, a table of its own on the host side of the pair: it says nothing of any other traffic, and deleting the
 * table takes all of it away. Where another table accepts, these refusals hold all the same (every base chain must accept).
 */
export function firewallRuleset(options: { table: string; hostInterface: string; address: string }): string {
  const { table, hostInterface, address } = options;
  return `table inet ${table} {
  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject with icmp admin-prohibited
    drop
  }
  chain input {
    type filter hook input priority -10; policy accept;
    iifname "${hostInterface}" jump refuse
  }
  chain forward {
    type filter hook forward priority -10; policy accept;
    iifname "${hostInterface}" meta nfproto ipv6 drop
    oifname "${hostInterface}" meta nfproto ipv6 drop
    iifname "${hostInterface}" ip saddr != ${address} drop
    iifname "${hostInterface}" ip daddr { ${REFUSED_DESTINATIONS.join(', ')} } jump refuse
    iifname "${hostInterface}" ct state new ct count over ${MAX_CONNECTIONS} jump refuse
    oifname "${hostInterface}" ct state != { established, related } drop
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    ip saddr ${address} oifname != "${hostInterface}" masquerade
  }
}
`;
}
