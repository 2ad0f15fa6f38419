/** How numbers are written for people, one way on every card. */

const STEPS = [
  { unit: 'd', ms: 86_400_000 },
  { unit: 'h', ms: 3_600_000 },
  { unit: 'm', ms: 60_000 },
  { unit: 's', ms: 1000 },
] as const;

/** `340 ms`, `4.2 s`, `12 s`, `3m 05s`, `8h`, `1d 2h`: at most two units. */
export function formatDuration(milliseconds: number): string {
  const ms = Math.max(0, Math.round(milliseconds));
  if (ms < 1000) return `${ms} ms`;
  if (ms < 10_000) return `${(Math.floor(ms / 100) / 10).toString()} s`;
  if (ms < 60_000) return `${Math.floor(ms / 1000)} s`;
  const index = STEPS.findIndex((step) => ms >= step.ms);
  const large = STEPS[index];
  const small = STEPS[index + 1];
  if (large === undefined || small === undefined) return `${Math.floor(ms / 1000)} s`;
  const rest = Math.floor((ms % large.ms) / small.ms);
  const head = `${Math.floor(ms / large.ms)}${large.unit}`;
  return rest === 0 ? head : `${head} ${rest}${small.unit}`;
}

/** `12 B`, `3.4 KiB`, `1 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = Math.max(0, bytes);
  let index = 0;
  while (value >= 1024 && index < units.length - 1) {
    value /= 1024;
    index += 1;
  }
  return `${index === 0 ? Math.round(value) : Math.round(value * 10) / 10} ${units[index] ?? ''}`;
}

/** MiB as `512 MiB` or `1.5 GiB`. */
export function formatMb(megabytes: number): string {
  return formatBytes(megabytes * 1024 * 1024);
}

/** `2026-11-22 18:04:23 UTC`. */
export function formatTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `1 agent`, `3 agents`. */
export function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number} ${number === 1 ? singular : plural}`;
}
