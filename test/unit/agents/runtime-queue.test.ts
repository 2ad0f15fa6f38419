import { describe, expect, it } from 'vitest';
import { createRuntimeQueue } from '../../../src/agents/runtime-queue.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';

const turn = () => new Promise(setImmediate);

describe('the queue of runtime calls', () => {
  it('runs as many as it has slots, the rest in order, urgent ones first', async () => {
    const queue = createRuntimeQueue({ slots: 2, clock: createManualClock() });
    const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
    const log: number[] = [];

    const calls = gates.map((gate, index) =>
      queue.place().run(async () => {
        log.push(index);
        await gate.promise;
      }),
    );
    const urgent = queue.urgent(async () => void log.push(99));
    await turn();
    expect(log).toEqual([0, 1]);
    expect(queue).toMatchObject({ running: 2, waiting: 3, hasFreeSlot: false });
    for (const gate of gates) gate.resolve();
    await Promise.all([...calls, urgent]);

    expect(log).toEqual([0, 1, 99, 2, 3]);
    expect(queue).toMatchObject({ running: 0, waiting: 0, hasFreeSlot: true });
  });

  it('refuses the place after the two hundredth until one is free again', () => {
    const queue = createRuntimeQueue({ slots: 1, clock: createManualClock() });
    const places = Array.from({ length: 201 }, () => queue.place());
    for (const place of places.slice(0, 200)) place.take();
    const [first] = places;
    const last = places.at(-1);

    expect(() => last?.take()).toThrow(
      expect.objectContaining({ code: 'RUNTIME_BUSY', hint: 'Busy: retry in 5 s.' }),
    );
    first?.take();
    first?.leave();
    first?.leave();
    expect(() => last?.take()).not.toThrow();
    expect(() => first?.take()).toThrow(expect.objectContaining({ code: 'RUNTIME_BUSY' }));
  });

  it('gives the slot of a call that freed it, and of one that holds it too long, to the next', async () => {
    const clock = createManualClock();
    const queue = createRuntimeQueue({ slots: 1, clock });
    const gate = Promise.withResolvers<void>();
    const log: string[] = [];

    const freed = queue.place().run(async (free) => {
      free();
      log.push('freed');
      await gate.promise;
    });
    const hung = queue.place().run(async () => {
      log.push('hung');
      await gate.promise;
    });
    const next = queue.place().run(async () => void log.push('next'));
    await turn();
    expect(log).toEqual(['freed', 'hung']);
    clock.advance(5000);
    await next;
    expect(log).toEqual(['freed', 'hung', 'next']);
    gate.resolve();
    await Promise.all([freed, hung]);

    expect(queue.running).toBe(0);
  });

  it('gives the slot back when the work fails', async () => {
    const queue = createRuntimeQueue({ slots: 1, clock: createManualClock() });

    const failed = queue.place().run(async () => {
      throw new Error('broke');
    });

    await expect(failed).rejects.toThrow('broke');
    expect(await queue.urgent(async () => 'free')).toBe('free');
  });
});
