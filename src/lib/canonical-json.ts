import { createHash } from 'node:crypto';

/**
 * RFC 8785 (JSON Canonicalization Scheme): members sorted by UTF-16 code units, no white space, ECMAScript numbers.
 * Throws TypeError on what JSON cannot say: undefined members are dropped as JSON.stringify does; NaN, infinities,
 * bigints, functions and lone surrogates are refused.
 */
export function canonicalJson(value: unknown): string {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the default refuses all the others
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw new TypeError('canonical JSON: lone surrogate in a string');
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('canonical JSON: not a finite number');
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`;
      return canonicalObject(value);
    default:
      throw new TypeError(`canonical JSON: ${typeof value} has no JSON form`);
  }
}

function canonicalObject(value: object): string {
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, member]) => `${canonicalJson(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

/** SHA-256 as 64 hex digits of a text in UTF-8 or of bytes. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** The short hash shown to people: the first 12 hex digits as `4-4-4`. */
export function shortHash(hash: string): string {
  return `${hash.slice(0, 4)}-${hash.slice(4, 8)}-${hash.slice(8, 12)}`;
}
