import { describe, expect, it } from 'vitest';
import { count, formatBytes, formatDuration, formatMb, formatTime } from '../../../src/lib/format.ts';

describe('numbers for people', () => {
  it.each([
    [0, '0 ms'],
    [-5, '0 ms'],
    [999, '999 ms'],
    [1000, '1 s'],
    [4250, '4.2 s'],
    [59_999, '59 s'],
    [60_000, '1m'],
    [185_000, '3m 5s'],
    [28_800_000, '8h'],
    [93_600_000, '1d 2h'],
  ])('%i ms is %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [3482, '3.4 KiB'],
    [1024 ** 5, '1024 TiB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('writes MiB, times and counts', () => {
    expect(formatMb(1536)).toBe('1.5 GiB');
    expect(formatTime(1_700_000_000_000)).toBe('2023-11-14 22:13:20 UTC');
    expect([count(1, 'agent'), count(2, 'agent'), count(0, 'reply', 'replies')]).toEqual([
      '1 agent',
      '2 agents',
      '0 replies',
    ]);
  });
});
