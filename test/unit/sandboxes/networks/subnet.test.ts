import fc from 'fast-check';
import { expect, it } from 'vitest';
import { freePair, isInside } from '../../../../src/sandboxes/networks/subnet.ts';

it('gives a network of four with the host first and the sandbox second', () => {
  const pair = freePair([]);
  expect(pair?.network).toMatch(/^198\.1[89]\.\d+\.\d+\/30$/);
  const base = Number(pair?.network.split('/')[0]?.split('.')[3]);
  expect(base % 4).toBe(0);
  expect(pair?.gateway.endsWith(`.${base + 1}`)).toBe(true);
  expect(pair?.address.endsWith(`.${base + 2}`)).toBe(true);
});

it('never gives a pair that overlaps a destination in use', () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const destination = fc
    .tuple(fc.constantFrom(18, 19), octet, octet, fc.integer({ min: 16, max: 32 }))
    .map(([second, third, fourth, bits]) => `198.${second}.${third}.${fourth}/${bits}`);
  fc.assert(
    fc.property(fc.array(destination, { maxLength: 20 }), (inUse) => {
      const pair = freePair(inUse);
      return pair !== null && !isInside(pair.address, inUse) && !isInside(pair.gateway, inUse);
    }),
  );
});

it('takes the only pair that is left, then another pool, then says that there is none', () => {
  const allButOnePair = [];
  // Everything of 198.18.0.0/15 but 198.18.0.0/30: halves, quarters … beside it.
  for (let bits = 16; bits <= 30; bits += 1) allButOnePair.push(`${addressAt(2 ** (32 - bits))}/${bits}`);
  expect(freePair(allButOnePair)?.network).toBe('198.18.0.0/30');
  expect(freePair(['198.18.0.0/15'])?.network).toMatch(/^172\.(28|29|30|31)\./);
  expect(freePair(['198.18.0.0/15', '172.16.0.0/12'])).toBeNull();
});

it('is not confused by a default route, IPv6 and words', () => {
  expect(freePair(['default', 'fe80::/64', 'local', '999.1.1.1/8', '198.18.0.0/44'])).not.toBeNull();
});

it('knows what lies in a network', () => {
  expect(isInside('169.254.169.254', ['10.0.0.0/8', '169.254.0.0/16'])).toBe(true);
  expect(isInside('172.32.0.1', ['172.16.0.0/12'])).toBe(false);
  expect(isInside('fe80::1', ['0.0.0.0/0'])).toBe(false);
});

function addressAt(offset: number): string {
  const value = 198 * 2 ** 24 + 18 * 2 ** 16 + offset;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
