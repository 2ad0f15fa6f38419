import { describe, expect, it } from 'vitest';
import { withDeadline } from '../../../src/agents/deadline.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';

describe('a deadline', () => {
  it('gives what comes in time, and leaves no timer', async () => {
    const clock = createManualClock();

    expect(await withDeadline(clock, 1000, 'it', Promise.resolve('value'))).toBe('value');
    expect(clock.armed).toBe(0);
  });

  it('throws what the work throws', async () => {
    const work = Promise.reject(new Error('broke'));

    await expect(withDeadline(createManualClock(), 1000, 'it', work)).rejects.toThrow('broke');
  });

  it('ends at its time, and hands on what comes too late', async () => {
    const clock = createManualClock();
    const work = Promise.withResolvers<string>();
    const late: string[] = [];
    const waiting = withDeadline(clock, 1000, 'stopping box', work.promise, (value) => late.push(value));

    clock.advance(1000);
    await expect(waiting).rejects.toMatchObject({
      code: 'RUNTIME_TIMEOUT',
      message: 'stopping box did not end within 1 s',
    });
    work.resolve('too late');
    await work.promise;
    await Promise.resolve();

    expect(late).toEqual(['too late']);
  });
});
