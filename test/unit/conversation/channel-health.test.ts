import { expect, test } from 'vitest';
import { createHealthState } from '../../../channels/shared/health-state.ts';
import { createHealthWatch } from '../../../src/conversation/channel-health.ts';
import { type Logger, silentLogger } from '../../../src/lib/logger.ts';
import { channelHealthSetting, readChannelHealth } from '../../../src/model/channel-health.ts';
import { createFakeChannel } from '../../fakes/fake-channel.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { createDeliveryBench } from './deliveries/bench.ts';

const SETTING = channelHealthSetting('fake');

async function open() {
  const bench = await createDeliveryBench();
  const clock = createManualClock(1000);
  const health = createHealthState(clock);
  const channel = { ...createFakeChannel(), health: health.current, onHealth: health.onChange };
  const logged: [level: string, facts: unknown][] = [];
  const log: Logger = {
    ...silentLogger,
    info: (facts: unknown) => void logged.push(['info', facts]),
    warn: (facts: unknown) => void logged.push(['warn', facts]),
    error: (facts: unknown) => void logged.push(['error', facts]),
  };
  const watch = createHealthWatch({ store: bench.store, channels: [channel], log });
  return {
    bench,
    clock,
    health,
    logged,
    watch,
    stored: async () => readChannelHealth(await bench.store.setting(SETTING)),
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

test('the present health replaces what an earlier life left', async () => {
  await using there = await open();
  await there.bench.write((tx) => tx.setSetting(SETTING, '{"state":"down","detail":"old","since":1}'));
  there.watch.start();
  there.watch.start();
  await there.watch.stop();
  expect(await there.stored()).toEqual({ state: 'starting', detail: null, since: 1000 });
});

test('the last of several changes is kept, each is logged, and what is wrong as a warning', async () => {
  await using there = await open();
  there.watch.start();
  there.health.set('up');
  there.clock.advance(5);
  there.health.set('degraded', 'the socket is renewed');
  there.health.set('down', 'the token was revoked: make a new one');
  await there.watch.stop();

  expect(await there.stored()).toEqual({
    state: 'down',
    detail: 'the token was revoked: make a new one',
    since: 1005,
  });
  expect(there.logged.map(([level]) => level)).toEqual(['info', 'warn', 'warn']);
  expect(there.logged.at(-1)?.[1]).toMatchObject({ channel: 'fake', state: 'down' });
});

test('nothing is heard after the stop, and all again after another start', async () => {
  await using there = await open();
  there.watch.start();
  await there.watch.stop();
  await there.watch.stop();
  there.health.set('up');
  expect((await there.stored())?.state).toBe('starting');
  there.watch.start();
  await there.watch.stop();
  expect((await there.stored())?.state).toBe('up');
});

test('a store that fails costs the note only', async () => {
  await using there = await open();
  const transaction = there.bench.store.transaction.bind(there.bench.store);
  there.bench.store.transaction = () => Promise.reject(new Error('the disk is full'));
  there.watch.start();
  await there.watch.stop();
  expect(there.logged.map(([level]) => level)).toEqual(['error']);
  there.bench.store.transaction = transaction;
  there.watch.start();
  await there.watch.stop();
  expect((await there.stored())?.state).toBe('starting');
});

test('a channel that is closed as intended is no warning, and the next start warns again', async () => {
  await using there = await open();
  there.watch.start();
  there.health.set('up');
  there.watch.closing();
  there.health.set('down', 'it was stopped');
  await there.watch.stop();

  expect(await there.stored()).toMatchObject({ state: 'down', detail: 'it was stopped' });
  expect(there.logged.map(([level]) => level)).toEqual(['info', 'info']);

  there.watch.start();
  there.health.set('degraded', 'the socket is renewed');
  await there.watch.stop();
  expect(there.logged.at(-1)?.[0]).toBe('warn');
});
