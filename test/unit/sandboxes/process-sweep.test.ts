import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  newSweepMemory,
  parseLook,
  selectVictims,
  sweep,
  type Look,
  type ProcessRow,
  type SweepHelper,
  type SweepTarget,
} from '../../../src/sandboxes/process-sweep.ts';

const HELPER = 90;
const row = (pid: number, parent: number, more: Partial<ProcessRow> = {}): ProcessRow => ({
  pid,
  parent,
  state: 'S',
  session: pid,
  threads: 1,
  startTicks: 1000 + pid,
  ...more,
});
const INIT = [row(1, 0, { session: 1, startTicks: 2 }), row(2, 1, { session: 1, startTicks: 3 })];
const HELPER_ROW = row(HELPER, 0, { startTicks: 2000 });
const look = (...rows: ProcessRow[]): Look => ({
  rows: [...INIT, ...rows, HELPER_ROW],
  helperPid: HELPER,
  complete: true,
});
const target = (more: Partial<SweepTarget> = {}): SweepTarget => ({
  pid: 10,
  ageMs: () => 9900,
  otherPids: new Set(),
  overlapped: false,
  ...more,
});
const pidsOf = (seen: Look, wanted: SweepTarget, memory = newSweepMemory()) =>
  selectVictims(seen, wanted, memory).map((victim) => victim.row.pid);

const statLine = (pid: number, name: string, fields: { parent: number; state?: string; start?: number }) =>
  `${pid} (${name}) ${fields.state ?? 'S'} ${fields.parent} ${pid} ${pid} 0 0 0 0 0 0 0 1 0 0 0 20 0 1 0 ${fields.start ?? 7} 1055 690 18446744073709551615 0 0 0\n`;

describe('parseLook', () => {
  it('waits for the last line', () => {
    expect(parseLook(statLine(3, 'sh', { parent: 0 }))).toBeNull();
    expect(parseLook(`${statLine(3, 'sh', { parent: 0 })}end 9 1`)).toBeNull();
  });

  it('reads the fields and what comes after', () => {
    expect(parseLook(`${statLine(3, 'sh', { parent: 1, state: 'T', start: 42 })}end 9 1\nmore`)).toEqual({
      look: {
        rows: [{ pid: 3, parent: 1, state: 'T', session: 3, threads: 1, startTicks: 42 }],
        helperPid: 9,
        complete: true,
      },
      rest: 'more',
    });
  });

  it('says when something ended between listing and reading', () => {
    expect(parseLook(`${statLine(3, 'sh', { parent: 1 })}end 9 2\n`)?.look.complete).toBe(false);
  });

  it('is not misled by any name a process can give itself', () => {
    const anyName = fc.oneof(
      fc.string({ maxLength: 15, unit: 'binary-ascii' }),
      fc.constantFrom(') S 1 1 1 0 0', 'a\n1 (b', '\nend 9 1\n', 'x) Z 1', '((((', '))))', '\n', ''),
    );
    fc.assert(
      fc.property(fc.array(anyName, { minLength: 1, maxLength: 8 }), (names) => {
        const text = names
          .map((name, index) => statLine(index + 5, name.replaceAll('\0', ''), { parent: index }))
          .join('');
        const parsed = parseLook(`${text}end 9 ${names.length}\n`);
        expect(parsed?.look.rows.map(({ pid, parent }) => [pid, parent])).toEqual(
          names.map((_, index) => [index + 5, index]),
        );
        expect(parsed?.rest).toBe('');
      }),
    );
  });
});

describe('selectVictims', () => {
  it('takes the tree, however deep', () => {
    expect(pidsOf(look(row(10, 0), row(12, 10), row(11, 12)), target())).toEqual([10, 12, 11]);
  });

  it('never takes init, its child, the helper or another command', () => {
    const others = [row(20, 0), row(21, 20)];
    expect(
      pidsOf(look(row(10, 0), ...others), target({ otherPids: new Set([20]), overlapped: true })),
    ).toEqual([10]);
  });

  it('takes an orphan that started after the command, with all below it', () => {
    expect(pidsOf(look(row(10, 0), row(30, 1), row(31, 30)), target())).toEqual([10, 30, 31]);
  });

  it('leaves an orphan that is older than the command, and what it starts later', () => {
    const old = row(5, 1);
    expect(pidsOf(look(old, row(40, 5), row(10, 0)), target())).toEqual([10]);
  });

  it('leaves a daemon in the session of another command, ended or running', () => {
    const daemon = row(30, 1, { session: 8 });
    expect(pidsOf(look(row(10, 0), daemon), target({ otherPids: new Set([8]), overlapped: true }))).toEqual([
      10,
    ]);
  });

  it('takes an orphan nobody can attribute, and says so', () => {
    const victims = selectVictims(
      look(row(10, 0), row(30, 1), row(31, 30)),
      target({ overlapped: true }),
      newSweepMemory(),
    );
    expect(victims.map((victim) => [victim.row.pid, victim.attributable])).toEqual([
      [10, true],
      [30, false],
      [31, false],
    ]);
  });

  it('attributes by session although others ran at the same time', () => {
    const victims = selectVictims(
      look(row(30, 1, { session: 10 })),
      target({ overlapped: true }),
      newSweepMemory(),
    );
    expect(victims.map((victim) => victim.attributable)).toEqual([true]);
  });

  it('remembers what was below the command once its parent is gone', () => {
    const memory = newSweepMemory();
    const child = row(11, 10, { session: 11 });
    selectVictims(look(row(10, 0), child), target({ overlapped: true }), memory);
    const later = selectVictims(look({ ...child, parent: 1 }), target({ overlapped: true }), memory);
    expect(later.map((victim) => victim.attributable)).toEqual([true]);
  });

  it('works from the age alone when the first process is gone', () => {
    // The helper started at 2000 ticks, 9.9 s after the command at the earliest: 1009.
    expect(pidsOf(look(row(30, 1), row(31, 1, { startTicks: 1008 })), target())).toEqual([30]);
  });

  it('does not take a pid that was given away again', () => {
    expect(pidsOf(look(row(10, 5, { startTicks: 1500 }), row(5, 1, { startTicks: 4 })), target())).toEqual(
      [],
    );
    expect(pidsOf(look(row(10, 0, { startTicks: 4 })), target())).toEqual([]);
  });

  it('takes a child for an orphan when its parent ended during the look', () => {
    expect(pidsOf(look(row(10, 0), row(30, 29)), target())).toEqual([10, 30]);
  });

  it('finds the first process when its pid never became known', () => {
    const seen = look(row(10, 0), row(11, 10), row(20, 0));
    expect(pidsOf(seen, target({ pid: null, otherPids: new Set([20]) }))).toEqual([10, 11]);
  });

  it('counts out the dead, but not one whose other threads run on', () => {
    const zombies = [
      row(11, 10, { state: 'Z' }),
      row(12, 10, { state: 'Z', threads: 2 }),
      row(13, 10, { state: 'X' }),
    ];
    expect(pidsOf(look(row(10, 0), ...zombies), target())).toEqual([10, 12]);
  });

  it('never gives pid 0 or 1 to kill', () => {
    expect(pidsOf(look(row(0, 1, { state: 'S', startTicks: 1999 })), target())).toEqual([]);
  });
});

/** A sandbox of pure rules: signals change states, `onLook` is what the processes do by themselves. */
function fakeSandbox(rows: ProcessRow[], onLook: (table: Map<number, ProcessRow>) => void = () => undefined) {
  const table = new Map(rows.map((one) => [one.pid, { ...one }]));
  const signals: string[] = [];
  const stop = (one: ProcessRow) => {
    one.state = 'T';
  };
  const helper: SweepHelper = {
    async look() {
      onLook(table);
      return look(...[...table.values()].map((one) => ({ ...one })));
    },
    async signal(name, pids) {
      signals.push(`${name} ${pids.join(' ')}`.trim());
      for (const pid of pids) {
        const one = table.get(pid);
        if (one === undefined) continue;
        if (name === 'KILL') table.delete(pid);
        else if (name === 'STOP') stop(one);
        else one.state = 'S';
      }
    },
    async freeze() {
      signals.push('FREEZE');
      for (const one of table.values()) stop(one);
    },
  };
  return { helper, signals, table };
}

describe('sweep', () => {
  it('stops, kills and looks again', async () => {
    const { helper, signals } = fakeSandbox([row(10, 0), row(11, 10)]);
    const evidence = await sweep(helper, target());
    expect(signals).toEqual(['STOP 10 11', 'KILL 10 11']);
    expect(evidence).toMatchObject({
      killed: [10, 11],
      left: [],
      looks: 3,
      froze: false,
      processesAtStart: 2,
    });
  });

  it('touches nothing when nothing is there', async () => {
    const { helper, signals } = fakeSandbox([]);
    expect(await sweep(helper, target())).toMatchObject({ killed: [], left: [], looks: 1 });
    expect(signals).toEqual([]);
  });

  it('freezes for a moment what forks faster than it is seen, and thaws what is not its own', async () => {
    let next = 30;
    // Each time it is looked at, the running one has made a successor and is gone.
    const { helper, signals, table } = fakeSandbox([row(10, 0), row(30, 1), row(20, 0)], (rows) => {
      const hopper = rows.get(next);
      if (hopper?.state !== 'S') return;
      rows.delete(next);
      next += 1;
      rows.set(next, row(next, 1));
    });
    const slow: SweepHelper = {
      ...helper,
      signal: async (name, pids) => {
        // The signal comes when the one that was seen has gone already, unless it is frozen.
        await helper.signal(name, table.get(next)?.state === 'T' ? pids : pids.filter((pid) => pid !== next));
      },
    };
    const evidence = await sweep(slow, target({ otherPids: new Set([20]), overlapped: true }));
    expect(evidence).toMatchObject({ left: [], froze: true });
    expect(signals).toContain('FREEZE');
    expect(table.get(20)?.state).toBe('S');
    expect([...table.keys()]).toEqual([20]);
  });

  it('does not wake what somebody had stopped before', async () => {
    const { helper, table } = fakeSandbox([row(10, 0), row(20, 0, { state: 'T' })]);
    let kills = 0;
    const stubborn: SweepHelper = {
      ...helper,
      signal: async (name, pids) => {
        kills += name === 'KILL' ? 1 : 0;
        if (name !== 'KILL' || kills > 4) await helper.signal(name, pids);
      },
    };
    const evidence = await sweep(stubborn, target({ otherPids: new Set([20]) }));
    expect(evidence).toMatchObject({ froze: true, left: [] });
    expect(table.get(20)?.state).toBe('T');
  });

  it('gives up at its bound and says who is left', async () => {
    const { helper } = fakeSandbox([row(10, 0)]);
    const immortal: SweepHelper = { ...helper, signal: async () => undefined };
    const evidence = await sweep(immortal, target());
    expect(evidence.left).toEqual([10]);
    expect(evidence.looks).toBeLessThanOrEqual(60);
  });

  it('does not believe an empty look during which something ended', async () => {
    const { helper } = fakeSandbox([]);
    let looks = 0;
    const busy: SweepHelper = {
      ...helper,
      look: async () => {
        looks += 1;
        return { ...(await helper.look()), complete: looks === 3 };
      },
    };
    expect(await sweep(busy, target())).toMatchObject({ looks: 3, lastLookComplete: true });
  });
});
