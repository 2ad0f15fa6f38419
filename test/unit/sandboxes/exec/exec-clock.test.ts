import { expect, test } from 'vitest';
import { createExecClock } from '../../../../src/sandboxes/exec/exec-clock.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

function started(timeoutMs: number) {
  const clock = createManualClock();
  let timeouts = 0;
  const timer = createExecClock(clock, timeoutMs, () => {
    timeouts += 1;
  });
  timer.start();
  return { clock, timer, timeouts: () => timeouts };
}

test('calls once when the time has passed', () => {
  const { clock, timeouts } = started(1000);
  clock.advance(999);
  expect(timeouts()).toBe(0);
  clock.advance(5000);
  expect(timeouts()).toBe(1);
});

test('stands still while paused, however often that is said', () => {
  const { clock, timer, timeouts } = started(1000);
  clock.advance(600);
  timer.pause();
  timer.pause();
  clock.advance(60_000);
  expect(timer.elapsedMs()).toBe(600);
  timer.resume();
  timer.resume();
  clock.advance(399);
  expect(timeouts()).toBe(0);
  clock.advance(1);
  expect(timeouts()).toBe(1);
});

test('starts paused when the pause came first', () => {
  const clock = createManualClock();
  const timer = createExecClock(clock, 10, () => undefined);
  timer.pause();
  timer.start();
  clock.advance(100);
  expect(timer.elapsedMs()).toBe(0);
});

test('leaves no timer when it is stopped, and keeps what it counted', () => {
  const { clock, timer, timeouts } = started(1000);
  clock.advance(300);
  timer.stop();
  timer.resume();
  expect(clock.armed).toBe(0);
  clock.advance(5000);
  expect(timeouts()).toBe(0);
  expect(timer.elapsedMs()).toBe(300);
});
