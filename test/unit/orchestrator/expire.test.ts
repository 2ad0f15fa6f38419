import { expect, test } from 'vitest';
import type { EventBody } from '../../../src/model/event.ts';
import { openWorkbench, policyOf, type Workbench } from './workbench.ts';

const HOUR = 3_600_000;
const DRAFT = { kind: 'agent.create' as const, params: { name: 'net', limits: { networkEnabled: true } } };

async function warnings(bench: Workbench): Promise<EventBody[]> {
  const events = await bench.store.eventsAfter(0, 1000);
  return events.map(({ body }) => body).filter((body) => body.type === 'action.expiring');
}

/** The timer is set in the background. */
const armed = (bench: Workbench) => expect.poll(() => bench.clock.armed).toBe(1);

test('an approval is announced as about to expire ten minutes before it does, once', async () => {
  await using bench = await openWorkbench();
  const action = await bench.submit(DRAFT);
  await armed(bench);

  bench.clock.advance(50 * 60_000 - 1);
  expect(await warnings(bench)).toEqual([]);
  bench.clock.advance(1);
  await expect.poll(() => warnings(bench)).toHaveLength(1);
  await armed(bench);
  bench.clock.advance(10 * 60_000);

  expect((await bench.orchestrator.settled(action.id)).status).toBe('EXPIRED');
  expect(await warnings(bench)).toEqual([
    { type: 'action.expiring', actionId: action.id, expiresAt: action.createdAt + HOUR },
  ]);
});

test('one that waits for a short time only is announced with a quarter of it left', async () => {
  await using bench = await openWorkbench({ policy: policyOf({ levels: { high: { expiresIn: '20m' } } }) });
  await bench.submit(DRAFT);
  await armed(bench);

  bench.clock.advance(15 * 60_000 - 1);
  expect(await warnings(bench)).toEqual([]);
  bench.clock.advance(1);

  await expect.poll(() => warnings(bench)).toHaveLength(1);
});

test('a restart neither repeats nor forgets the announcement', async () => {
  await using bench = await openWorkbench();
  await bench.submit(DRAFT);
  await bench.orchestrator.stop();
  bench.clock.advance(55 * 60_000);

  await bench.restart();
  bench.clock.advance(0);
  await expect.poll(() => warnings(bench)).toHaveLength(1);
  await bench.restart();
  bench.clock.advance(1000);
  await armed(bench);

  expect(await warnings(bench)).toHaveLength(1);
});

test('nothing is announced of what is decided or has expired', async () => {
  await using bench = await openWorkbench();
  await bench.deny(await bench.submit(DRAFT), bench.who('carol'));
  await bench.submit({ ...DRAFT, params: { ...DRAFT.params, name: 'other' } });
  await bench.orchestrator.stop();
  bench.clock.advance(2 * HOUR);
  await bench.restart();

  expect(await warnings(bench)).toEqual([]);
});
