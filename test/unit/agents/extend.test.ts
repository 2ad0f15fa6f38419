import { describe, expect, it } from 'vitest';
import { createWorld, told } from './world.ts';

const HOUR = 3_600_000;

describe('extending an agent', () => {
  it('gives it so long from now, with an event', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    world.clock.advance(HOUR);
    const steps = told();

    await world.manager.extend(id, 8 * HOUR, steps);

    const { expiresAt } = await world.record(id);
    expect(expiresAt).toBe(world.clock.now() + 8 * HOUR);
    expect(steps.outcomes).toMatchObject([{ ok: true, result: { evidence: { expiresAt } } }]);
    const events = await world.store.eventsAfter(0, 100);
    expect(events.at(-1)?.body).toEqual({ type: 'agent.changed', agentId: id, what: 'extended' });
  });

  it.each([0, -HOUR, Number.NaN, 31 * 24 * HOUR])(
    'refuses %d ms and leaves it as it was',
    async (timeToLiveMs) => {
      await using world = await createWorld();
      const { id, expiresAt } = await world.agent();
      const steps = told();

      await world.manager.extend(id, timeToLiveMs, steps);

      expect(steps.outcomes).toMatchObject([{ ok: false, error: { code: 'INVALID_LIMIT' } }]);
      expect((await world.record(id)).expiresAt).toBe(expiresAt);
    },
  );

  it('refuses a stopped agent', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    await world.manager.stopAgent(id, { force: true, reason: 'asked' }, told());
    const steps = told();

    await world.manager.extend(id, HOUR, steps);

    expect(steps.outcomes).toMatchObject([{ ok: false, error: { code: 'WRONG_STATE' } }]);
  });
});
