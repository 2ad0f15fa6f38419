import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';

const DAY_MS = 86_400_000;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('calls once after the delay', () => {
  const work = vi.fn<() => void>();
  systemClock.after(1_000, work);
  vi.advanceTimersByTime(999);
  expect(work).not.toHaveBeenCalled();
  vi.advanceTimersByTime(5_000);
  expect(work).toHaveBeenCalledTimes(1);
});

test('calls at once, but not within the call, when the delay is not positive', () => {
  const work = vi.fn<() => void>();
  systemClock.after(-5, work);
  expect(work).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(work).toHaveBeenCalledTimes(1);
});

test('waits longer than one timer of Node can', () => {
  const work = vi.fn<() => void>();
  systemClock.after(60 * DAY_MS, work);
  vi.advanceTimersByTime(60 * DAY_MS - 1);
  expect(work).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(work).toHaveBeenCalledTimes(1);
});

test.each([10, 60 * DAY_MS])('never calls once disposed, after %d ms', (delayMs) => {
  const work = vi.fn<() => void>();
  const timer = systemClock.after(delayMs, work);
  vi.advanceTimersByTime(delayMs / 2);
  timer[Symbol.dispose]();
  timer[Symbol.dispose]();
  vi.advanceTimersByTime(delayMs * 2);
  expect(work).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test('tells the time of day and a time that only rises', () => {
  vi.useRealTimers();
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
  const before = systemClock.monotonic();
  expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before);
});
