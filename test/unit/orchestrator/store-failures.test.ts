import { expect, test } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

/** The store does every transaction and then fails to commit it, as on a full disk, until it is told to work again. */
function failingStore(bench: Workbench) {
  const { store } = bench;
  const working = store.transaction.bind(store);
  let failures = 0;
  return {
    break() {
      store.transaction = (work) =>
        working(async (tx) => {
          await work(tx);
          failures += 1;
          throw new AppError('DISK_FULL', 'the disk is full');
        });
    },
    mend() {
      store.transaction = working;
    },
    failures: () => failures,
  };
}

test('the outcome of a command that could not be recorded is recorded as soon as the store works again', async () => {
  await using bench = await openWorkbench();
  await bench.agent('box');
  const disk = failingStore(bench);
  bench.agents.onExec = async () => {
    disk.break();
    return {};
  };
  const action = await bench.submit({ kind: 'agent.exec', params: { agent: 'box', command: 'true' } });
  // The agents room tells the outcome, then the executor keeps trying.
  await expect.poll(() => disk.failures()).toBeGreaterThanOrEqual(2);
  expect((await bench.store.action(action.id))?.status).toBe('EXECUTING');

  disk.mend();
  bench.clock.advance(60_000);

  expect((await bench.orchestrator.settled(action.id)).status).toBe('COMPLETED');
  expect((await bench.audit()).at(-1)).toMatchObject({ type: 'action.finished', actionId: action.id });
});

test('other work whose end could not be recorded is UNKNOWN as soon as the store works again', async () => {
  await using bench = await openWorkbench();
  const agent = await bench.agent('box');
  const disk = failingStore(bench);
  const pause = bench.agents.pause.bind(bench.agents);
  bench.agents.pause = (id, steps) =>
    pause(id, {
      begin: (tx) => steps.begin(tx),
      settle: async (tx, outcome) => {
        disk.break();
        await steps.settle(tx, outcome);
        throw new AppError('DISK_FULL', 'the disk is full');
      },
    });
  const action = await bench.submit({ kind: 'agent.pause', params: { agent: 'box' } });
  await expect.poll(() => disk.failures()).toBeGreaterThanOrEqual(1);

  disk.mend();
  bench.clock.advance(60_000);

  expect((await bench.orchestrator.settled(action.id)).status).toBe('UNKNOWN');
  expect((await bench.store.agent(agent.id))?.status).toBe('RUNNING');
});

test('what expires while the store fails expires as soon as it works again', async () => {
  await using bench = await openWorkbench();
  const action = await bench.submit({
    kind: 'agent.create',
    params: { name: 'net', limits: { networkEnabled: true } },
  });
  await expect.poll(() => bench.clock.armed).toBe(1);
  const disk = failingStore(bench);
  disk.break();
  bench.clock.advance(3_600_000);
  await expect.poll(() => disk.failures()).toBeGreaterThanOrEqual(1);

  disk.mend();
  bench.clock.advance(60_000);

  expect((await bench.orchestrator.settled(action.id)).status).toBe('EXPIRED');
});

test('a stop does not wait for a store that keeps failing', async () => {
  const bench = await openWorkbench();
  await bench.agent('box');
  const disk = failingStore(bench);
  bench.agents.onExec = async () => {
    disk.break();
    return {};
  };
  await bench.submit({ kind: 'agent.exec', params: { agent: 'box', command: 'true' } });
  await expect.poll(() => disk.failures()).toBeGreaterThanOrEqual(2);

  await bench[Symbol.asyncDispose]();

  expect(bench.clock.armed).toBe(0);
});
