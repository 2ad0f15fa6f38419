import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, resolveLimits, resolveTimeToLive } from '../../../src/agents/limits.ts';

const HOST = { cpuCores: 8, memoryMb: 16_384, freeDiskMb: 50_000 };
const HOUR = 3_600_000;

describe('limits', () => {
  it('are the defaults where nothing is asked', () => {
    expect(resolveLimits({}, {}, HOST)).toEqual(DEFAULT_LIMITS);
  });

  it('are what was asked, within the ranges', () => {
    const asked = { cpuCores: 0.5, memoryMb: 2048, diskMb: 4096, maxProcesses: 200, networkEnabled: true };

    expect(resolveLimits(asked, {}, HOST)).toEqual(asked);
  });

  it.each([
    [{ cpuCores: 0 }, '--cpu 0 cores is outside 0.05 cores to 8 cores'],
    [{ cpuCores: -1 }, '--cpu -1 cores is outside'],
    [{ memoryMb: 1 }, '--memory 1 MiB is outside 64 MiB to 16 GiB'],
    [{ memoryMb: -1 }, '--memory -1 MiB is outside 64 MiB to 16 GiB'],
    [{ memoryMb: 100.5 }, '--memory 100.5 MiB is not a whole number from 64 MiB to 16 GiB'],
    [{ diskMb: Number.NaN }, 'not a whole number'],
    [{ maxProcesses: 1e9 }, '--processes 1000000000 is outside 4 to 4096'],
    [{ maxProcesses: Number.POSITIVE_INFINITY }, 'not a whole number'],
  ])('refuse %o, naming value and range', (asked, message) => {
    expect(() => resolveLimits(asked, {}, HOST)).toThrow(
      expect.objectContaining({ code: 'INVALID_LIMIT', message: expect.stringContaining(message) }),
    );
  });

  it("refuse what the policy's ceiling forbids and allow what it allows", () => {
    const ceilings = { memoryMb: 1024 };

    expect(resolveLimits({ memoryMb: 1024 }, ceilings, HOST).memoryMb).toBe(1024);
    expect(() => resolveLimits({ memoryMb: 1025 }, ceilings, HOST)).toThrow(
      expect.objectContaining({ code: 'INVALID_LIMIT', hint: expect.stringContaining('airlock.yaml') }),
    );
  });

  it('lower a default to the ceiling', () => {
    expect(resolveLimits({}, { memoryMb: 256, cpuCores: 0.5 }, HOST)).toMatchObject({
      memoryMb: 256,
      cpuCores: 0.5,
    });
  });

  it('refuse what the host does not have', () => {
    expect(() => resolveLimits({ cpuCores: 9 }, {}, HOST)).toThrow(
      expect.objectContaining({
        code: 'HOST_CAPACITY',
        message: '--cpu 9 cores is more than this host has: 8 cores',
        hint: 'give it a value from 0.05 cores to 8 cores',
      }),
    );
  });
});

describe('the disk limit', () => {
  it('is at most what is free, and says that space can be freed', () => {
    expect(() => resolveLimits({ diskMb: 60_000 }, {}, HOST)).toThrow(
      expect.objectContaining({
        code: 'HOST_CAPACITY',
        message: '--disk 58.6 GiB is more than this host has free: 48.8 GiB',
        hint: 'give it a value from 16 MiB to 48.8 GiB, or free some space',
      }),
    );
  });
});

describe('the time-to-live', () => {
  const defaults = { timeToLiveMs: 8 * HOUR, maxMs: 24 * HOUR };

  it('is the default, or what was asked', () => {
    expect(resolveTimeToLive(undefined, defaults)).toBe(8 * HOUR);
    expect(resolveTimeToLive(HOUR, defaults)).toBe(HOUR);
    expect(resolveTimeToLive(undefined, { timeToLiveMs: 8 * HOUR, maxMs: HOUR })).toBe(HOUR);
  });

  it.each([0, -HOUR, 25 * HOUR, Number.NaN])('is not %d', (asked) => {
    expect(() => resolveTimeToLive(asked, defaults)).toThrow(
      expect.objectContaining({ code: 'INVALID_LIMIT' }),
    );
  });
});
