import { AppError } from '../errors.ts';
import { escapeLine } from '../lib/escape-text.ts';
import { formatDuration, formatMb } from '../lib/format.ts';
import type { ResourceLimits } from '../model/agent.ts';

/** DESIGN.md section 4. */
export const DEFAULT_LIMITS: ResourceLimits = {
  cpuCores: 1,
  memoryMb: 512,
  diskMb: 1024,
  networkEnabled: false,
  maxProcesses: 50,
};

export type NumericLimit = Exclude<keyof ResourceLimits, 'networkEnabled'>;

/** What makes sense at all, whatever the host. The lower ends are what a sandbox needs to start. */
const RANGES: Record<
  NumericLimit,
  { option: string; min: number; max: number; whole: boolean; show: (value: number) => string }
> = {
  cpuCores: { option: '--cpu', min: 0.05, max: 256, whole: false, show: (value) => `${value} cores` },
  memoryMb: { option: '--memory', min: 64, max: 1024 * 1024, whole: true, show: showMb },
  diskMb: { option: '--disk', min: 16, max: 1024 * 1024, whole: true, show: showMb },
  maxProcesses: { option: '--processes', min: 4, max: 4096, whole: true, show: String },
};

/** `0.05 cores to 256 cores`: what is allowed on any host. */
export function limitRange(name: NumericLimit): string {
  const { min, max, show } = RANGES[name];
  return `${show(min)} to ${show(max)}`;
}

/** A size below zero is shown as it was given. */
function showMb(value: number): string {
  return value < 0 ? `${value} MiB` : formatMb(value);
}

/** A minute under which a time-to-live is a mistake would annoy tests and demos; a second is enough to start. */
const MIN_TIME_TO_LIVE_MS = 1000;

export interface HostCapacity {
  cpuCores: number;
  memoryMb: number;
  freeDiskMb: number;
}

/** The policy's ceilings; a missing one is the host's. */
export interface LimitCeilings {
  cpuCores?: number | undefined;
  memoryMb?: number | undefined;
  diskMb?: number | undefined;
  maxProcesses?: number | undefined;
}

/**
 * Fills in defaults and checks types, ranges, the policy's ceilings and the host. A default above a ceiling is lowered to
 * it. Throws INVALID_LIMIT or HOST_CAPACITY, naming the value, the allowed range and what to do.
 */
export function resolveLimits(
  asked: Partial<ResourceLimits>,
  ceilings: LimitCeilings,
  host: HostCapacity,
): ResourceLimits {
  const networkEnabled: unknown = asked.networkEnabled ?? DEFAULT_LIMITS.networkEnabled;
  if (typeof networkEnabled !== 'boolean') {
    throw new AppError('INVALID_LIMIT', 'networkEnabled is not true or false', {
      hint: 'Give --network or leave it out.',
    });
  }
  return {
    cpuCores: resolveLimit('cpuCores', asked, ceilings, host.cpuCores),
    memoryMb: resolveLimit('memoryMb', asked, ceilings, host.memoryMb),
    diskMb: resolveLimit('diskMb', asked, ceilings, host.freeDiskMb),
    maxProcesses: resolveLimit('maxProcesses', asked, ceilings, Number.POSITIVE_INFINITY),
    networkEnabled,
  };
}

function resolveLimit(
  name: NumericLimit,
  asked: Partial<ResourceLimits>,
  ceilings: LimitCeilings,
  hostHas: number,
): number {
  const { option, min, max, whole, show } = RANGES[name];
  const ceiling = Math.min(max, ceilings[name] ?? max);
  const value: unknown = asked[name] ?? Math.min(DEFAULT_LIMITS[name], ceiling);
  const shown = typeof value === 'number' ? show(value) : escapeLine(String(value));
  // What the host has counts too: a range that would be refused next helps nobody.
  const range = `${show(min)} to ${show(Math.max(min, Math.min(ceiling, Math.floor(hostHas))))}`;
  const hint = `give it a value in that range${ceiling < max ? `, or have an admin raise limits.${name} in airlock.yaml` : ''}`;
  if (typeof value !== 'number' || !Number.isFinite(value) || (whole && !Number.isInteger(value))) {
    throw new AppError(
      'INVALID_LIMIT',
      `${option} ${shown} is not a ${whole ? 'whole ' : ''}number from ${range}`,
      { hint },
    );
  }
  if (value < min || value > ceiling) {
    throw new AppError('INVALID_LIMIT', `${option} ${shown} is outside ${range}`, { hint });
  }
  if (value > hostHas) {
    const free = name === 'diskMb' ? ' free' : '';
    throw new AppError(
      'HOST_CAPACITY',
      `${option} ${shown} is more than this host has${free}: ${show(hostHas)}`,
      { hint: `give it a value from ${range}${free === '' ? '' : ', or free some space'}` },
    );
  }
  return value;
}

/** Milliseconds; the default where nothing is asked. Throws INVALID_LIMIT. */
export function resolveTimeToLive(
  asked: number | undefined,
  defaults: { timeToLiveMs: number; maxMs: number },
): number {
  const value = asked ?? Math.min(defaults.timeToLiveMs, defaults.maxMs);
  if (Number.isFinite(value) && value >= MIN_TIME_TO_LIVE_MS && value <= defaults.maxMs)
    return Math.round(value);
  const range = `${formatDuration(MIN_TIME_TO_LIVE_MS)} to ${formatDuration(defaults.maxMs)}`;
  throw new AppError('INVALID_LIMIT', `--ttl ${formatDuration(value)} is outside ${range}`, {
    hint: 'give it a duration in that range, such as 30m or 8h',
  });
}
