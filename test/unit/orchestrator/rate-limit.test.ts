import { expect, test } from 'vitest';
import { createRateLimit } from '../../../src/orchestrator/rate-limit.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';

test('never lets more than the limit through in any window, and says how long to wait', () => {
  const clock = createManualClock();
  const limit = createRateLimit({ perMinute: () => 3, clock });
  limit.take('alice');
  clock.advance(30_000);
  limit.take('alice');
  limit.take('alice');

  expect(() => limit.take('alice')).toThrow(
    expect.objectContaining({ code: 'RATE_LIMITED', hint: 'try again in 30 s' }),
  );
  limit.take('bob');
  clock.advance(30_000);
  limit.take('alice');
  expect(() => limit.take('alice')).toThrow(expect.objectContaining({ hint: 'try again in 30 s' }));
});

test('follows the limit in force', () => {
  const clock = createManualClock();
  let perMinute = 5;
  const limit = createRateLimit({ perMinute: () => perMinute, clock });
  for (let index = 0; index < 5; index += 1) limit.take('alice');
  perMinute = 2;
  clock.advance(59_000);
  expect(() => limit.take('alice')).toThrow(expect.objectContaining({ hint: 'try again in 1 s' }));
  clock.advance(1000);
  limit.take('alice');
});

test('forgets people who were quiet, once there are many', () => {
  const clock = createManualClock();
  const limit = createRateLimit({ perMinute: () => 1, clock });
  for (let index = 0; index < 1500; index += 1) limit.take(`p${index}`);
  expect(() => limit.take('p1400')).toThrow(expect.objectContaining({ code: 'RATE_LIMITED' }));
  clock.advance(60_000);
  limit.take('fresh');
  limit.take('p1400');
});
