import { createHash } from 'node:crypto';

/**
 * RFC 8785 (JSON Canonicalization Scheme): members sorted by UTF-16 code units, no white space, ECMAScript numbers.
 * Throws TypeError on what JSON cannot say, rather than hash something else: NaN, infinities, bigints, functions, symbols,
 * lone surrogates, holes in arrays, and objects that are not plain (dates, maps, class instances). Members that are
 * undefined are left out, as JSON.stringify does.
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
      // Array.from visits holes, which `map` would skip.
      if (Array.isArray(value)) return `[${Array.from(value, (item) => canonicalJson(item)).join(',')}]`;
      if (!isPlain(value)) throw new TypeError(`canonical JSON: ${value.constructor.name} has no JSON form`);
      return canonicalObject(value);
    default:
      throw new TypeError(`canonical JSON: ${typeof value} has no JSON form`);
  }
}

/** An object literal's or JSON.parse's object, or one without a prototype. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
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
