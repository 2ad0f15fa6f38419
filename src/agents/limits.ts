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

type NumericLimit = Exclude<keyof ResourceLimits, 'networkEnabled'>;

/** What makes sense at all, whatever the host. The lower ends are what a sandbox needs to start. */
const RANGES: Record<
  NumericLimit,
  { option: string; min: number; max: number; whole: boolean; show: (value: number) => string }
> = {
  cpuCores: { option: '--cpu', min: 0.05, max: 256, whole: false, show: (value) => `${value} cores` },
  memoryMb: { option: '--memory', min: 64, max: 1024 * 1024, whole: true, show: formatMb },
  diskMb: { option: '--disk', min: 16, max: 1024 * 1024, whole: true, show: formatMb },
  maxProcesses: { option: '--processes', min: 4, max: 4096, whole: true, show: String },
};

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
  if (typeof value !== 'number' || !Number.isFinite(value) || (whole && !Number.isInteger(value))) {
    throw new AppError('INVALID_LIMIT', `${option} ${shown}: not a ${whole ? 'whole ' : ''}number`, {
      hint: `Give a value from ${show(min)} to ${show(ceiling)}.`,
    });
  }
  if (value < min || value > ceiling) {
    throw new AppError('INVALID_LIMIT', `${option} ${shown} is outside ${show(min)} to ${show(ceiling)}`, {
      hint: `Give a value from ${show(min)} to ${show(ceiling)}${ceiling < max ? ', or have an admin raise limits in airlock.yaml' : ''}.`,
    });
  }
  if (value > hostHas) {
    throw new AppError('HOST_CAPACITY', `${option} ${shown} is more than this host has: ${show(hostHas)}`, {
      hint: `Give at most ${show(Math.floor(hostHas))}, or use a larger host.`,
    });
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
  throw new AppError('INVALID_LIMIT', `a time-to-live of ${formatDuration(value)} is outside ${range}`, {
    hint: `Give a duration from ${range}, such as 30m or 8h.`,
  });
}
