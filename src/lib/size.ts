const UNITS: Record<string, number> = { k: 1 / 1024, m: 1, g: 1024, t: 1024 * 1024 };

/**
 * `512m`, `1g`, `1.5GiB` or a bare number (MiB) as MiB. Negative and zero sizes parse too: the ranges are the business
 * of whoever checks limits. Null when it is no size.
 */
export function parseSizeMb(text: string): number | null {
  const match = /^([+-]?\d+(?:\.\d+)?)\s*(?:([kmgt])(?:i?b)?)?$/i.exec(text.trim());
  if (match === null) return null;
  const size = Number(match[1]) * (UNITS[(match[2] ?? 'm').toLowerCase()] ?? Number.NaN);
  return Number.isFinite(size) ? size : null;
}
