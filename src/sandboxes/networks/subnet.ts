import { randomInt } from 'node:crypto';

/** Addresses of one sandbox's pair, a network of four. */
export interface PairSubnet {
  /** `198.18.4.8/30`. */
  network: string;
  /** The host's end. */
  gateway: string;
  /** The sandbox's end. */
  address: string;
}

interface Range {
  first: number;
  last: number;
}

const PAIR_SIZE = 4;
/**
 * For benchmarks of network devices (RFC 2544): routed nowhere and rarely used on a host; 32,768 pairs. The second when
 * something on this host already takes the first.
 */
const POOLS = ['198.18.0.0/15', '172.28.0.0/14'] as const;

/**
 * A random pair that overlaps none of the destinations in use (`10.0.0.0/8`, `192.0.2.1`; what is no IPv4 address is
 * ignored). Null when the pools are taken. Two who ask at once may get the same: the route to it is the claim.
 */
export function freePair(inUse: readonly string[]): PairSubnet | null {
  const taken = inUse.flatMap((destination) => parseRange(destination) ?? []);
  for (const pool of POOLS) {
    const range = parseRange(pool);
    if (range === null) continue;
    const relevant = taken.filter((other) => overlaps(range, other));
    const pairs = (range.last - range.first + 1) / PAIR_SIZE;
    const start = randomInt(pairs);
    for (let step = 0; step < pairs; step += 1) {
      const first = range.first + ((start + step) % pairs) * PAIR_SIZE;
      const pair = { first, last: first + PAIR_SIZE - 1 };
      if (relevant.some((other) => overlaps(pair, other))) continue;
      return { network: `${format(first)}/30`, gateway: format(first + 1), address: format(first + 2) };
    }
  }
  return null;
}

/** True when an IPv4 address lies in one of the networks. */
export function isInside(address: string, networks: readonly string[]): boolean {
  const one = parseRange(address);
  if (one === null) return false;
  return networks.some((network) => {
    const range = parseRange(network);
    return range !== null && overlaps(one, range);
  });
}

function parseRange(text: string): Range | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(text);
  if (match === null) return null;
  const octets = match.slice(1, 5).map(Number);
  const bits = match[5] === undefined ? 32 : Number(match[5]);
  if (octets.some((octet) => octet > 255) || bits > 32) return null;
  const size = 2 ** (32 - bits);
  const value = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const first = value - (value % size);
  return { first, last: first + size - 1 };
}

function overlaps(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

function format(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
