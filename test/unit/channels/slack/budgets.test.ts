import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CALLS_PER_MINUTE, createBudget, createBudgets } from '../../../../channels/slack/budgets.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

const FOR_EVER = Number.MAX_SAFE_INTEGER;

/** Lets what was resolved go on. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a budget', () => {
  test('gives its places at once and the next one a window after the first call ended', async () => {
    const clock = createManualClock();
    const budget = createBudget(2, 60_000, clock);
    const first = await budget.take(0);
    await budget.take(0);
    const third = budget.take(FOR_EVER);
    let given = false;
    void third.then(() => (given = true));

    clock.advance(5000);
    first?.[Symbol.dispose]();
    clock.advance(59_999);
    await turn();
    expect(given).toBe(false);
    clock.advance(1);

    await expect(third).resolves.not.toBeNull();
  });

  test('serves those who wait in turn, and lets go of who waits too long', async () => {
    const clock = createManualClock();
    const budget = createBudget(1, 1000, clock);
    const served: string[] = [];
    const use = async (name: string, maxWaitMs: number) => {
      using slot = await budget.take(maxWaitMs);
      served.push(slot === null ? `${name} left` : name);
    };

    const uses = [use('a', 0), use('b', FOR_EVER), use('c', 500), use('d', FOR_EVER)];
    for (let step = 0; step < 40; step += 1) {
      await turn();
      clock.advance(100);
    }
    await Promise.all(uses);

    expect(served).toEqual(['a', 'c left', 'b', 'd']);
  });

  test('gives nothing while Slack asked for a pause', async () => {
    const clock = createManualClock();
    const budget = createBudget(10, 1000, clock);

    budget.pause(30_000);
    const waiting = budget.take(FOR_EVER);

    await expect(budget.take(0))
      .resolves.toBeNull()
      .catch(() => {});
    expect(budget.pausedFor()).toBe(30_000);
    clock.advance(30_000);
    await expect(waiting).resolves.not.toBeNull();
  });

  test('in no window are more calls at Slack than the limit, however long each takes to get there', async () => {
    const plan = fc.array(fc.record({ gapMs: fc.nat(400), tripMs: fc.nat(900), restMs: fc.nat(900) }), {
      minLength: 5,
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(plan, fc.integer({ min: 1, max: 5 }), async (calls, limit) => {
        const clock = createManualClock(0);
        const budget = createBudget(limit, 1000, clock);
        const arrivals: number[] = [];
        let open = calls.length;
        const run = async (call: (typeof calls)[number]) => {
          const slot = await budget.take(FOR_EVER);
          clock.after(call.tripMs, () => {
            arrivals.push(clock.now());
            clock.after(call.restMs, () => {
              slot?.[Symbol.dispose]();
              open -= 1;
            });
          });
        };
        let at = 0;
        for (const call of calls) {
          at += call.gapMs;
          clock.after(at, () => void run(call));
        }
        while (open > 0) {
          clock.advance(20);
          // Whoever was given a place goes on before time does.
          for (let hop = 0; hop < 4; hop += 1) await Promise.resolve();
        }
        const sorted = arrivals.toSorted((a, b) => a - b);
        for (const [index, arrival] of sorted.entries()) {
          const inWindow = sorted.slice(index).filter((other) => other < arrival + 1000);
          expect(inWindow.length).toBeLessThanOrEqual(limit);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('the budgets of the Web API', () => {
  test('edits of all messages of the workspace share fifty a minute', async () => {
    const clock = createManualClock();
    const budgets = createBudgets(clock);
    const takeEdit = async (room: string) => {
      const [budget] = budgets.of('chat.update', room);
      const taking = budget?.take(1);
      await turn();
      clock.advance(1);
      return (await taking) !== null;
    };

    const taken: boolean[] = [];
    for (let edit = 0; edit < 60; edit += 1) taken.push(await takeEdit(`C${edit}`));

    expect(CALLS_PER_MINUTE['chat.update']).toBe(50);
    expect(taken.filter(Boolean)).toHaveLength(50);
  });

  test('one room takes one post a second, and another one beside it', async () => {
    const clock = createManualClock();
    const budgets = createBudgets(clock);
    const [first] = budgets.of('chat.postMessage', 'C1');
    const slot = await first?.take(0);
    const [second] = budgets.of('chat.postMessage', 'C2');
    slot?.[Symbol.dispose]();
    const again = first?.take(FOR_EVER);

    await expect(second?.take(0)).resolves.not.toBeNull();
    expect(budgets.of('chat.postMessage', 'C1')[0]).toBe(first);
    clock.advance(1000);
    await expect(again).resolves.not.toBeNull();
  });
});
