import { describe, expect, it } from 'vitest';
import { createLanes } from '../../../src/agents/lanes.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';

/** Work that says when it began and ends when told. */
function gate(log: string[], name: string) {
  const opened = Promise.withResolvers<void>();
  return {
    open: opened.resolve,
    work: async () => {
      log.push(`${name} begins`);
      await opened.promise;
      log.push(`${name} ends`);
    },
  };
}
const turn = () => new Promise(setImmediate);

describe('the lanes of agents', () => {
  it('run exclusive work of one agent in order, and of another at once', async () => {
    const lanes = createLanes(createManualClock());
    const log: string[] = [];
    const first = gate(log, 'first');
    const second = gate(log, 'second');
    const other = gate(log, 'other');

    const all = [
      lanes.exclusive('a', first.work),
      lanes.exclusive('a', second.work),
      lanes.exclusive('b', other.work),
    ];
    await turn();
    expect(log).toEqual(['first begins', 'other begins']);
    for (const one of [first, second, other]) one.open();
    await Promise.all(all);

    expect(log.indexOf('first ends')).toBeLessThan(log.indexOf('second begins'));
  });

  it('run shared work side by side, and exclusive work after it has left', async () => {
    const lanes = createLanes(createManualClock());
    const log: string[] = [];
    const one = gate(log, 'one');
    const two = gate(log, 'two');
    const alone = gate(log, 'alone');
    let leaveTwo = () => {};

    const all = [
      lanes.shared('a', one.work),
      lanes.shared('a', (leave) => {
        leaveTwo = leave;
        return two.work();
      }),
      lanes.exclusive('a', alone.work),
    ];
    await turn();
    expect(log).toEqual(['one begins', 'two begins']);
    one.open();
    await turn();
    expect(log).not.toContain('alone begins');
    leaveTwo();
    await turn();
    expect(log).toContain('alone begins');
    two.open();
    alone.open();
    await Promise.all(all);
  });

  it('let a stop overtake what hangs, once it has waited long enough', async () => {
    const clock = createManualClock();
    const lanes = createLanes(clock);
    const log: string[] = [];
    const hung = gate(log, 'hung');
    const stop = gate(log, 'stop');
    const later = gate(log, 'later');

    const all = [
      lanes.exclusive('a', hung.work),
      lanes.overtaking('a', 1000, stop.work),
      lanes.shared('a', later.work),
    ];
    await turn();
    expect(log).toEqual(['hung begins']);
    clock.advance(1000);
    await turn();
    expect(log).toEqual(['hung begins', 'stop begins']);
    stop.open();
    hung.open();
    later.open();
    await Promise.all(all);

    expect(log.indexOf('later begins')).toBeGreaterThan(log.indexOf('stop ends'));
  });

  it('go on after work that failed', async () => {
    const lanes = createLanes(createManualClock());

    const failed = lanes.exclusive('a', async () => {
      throw new Error('broke');
    });
    const next = lanes.exclusive('a', async () => 'went on');

    await expect(failed).rejects.toThrow('broke');
    expect(await next).toBe('went on');
  });
});
