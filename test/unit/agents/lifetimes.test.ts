import { describe, expect, it } from 'vitest';
import { comingStop, warnedForTimeToLive } from '../../../src/agents/lifetimes.ts';
import type { AgentInstance } from '../../../src/model/agent.ts';
import { createWorld } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

async function someAgent(patch: Partial<AgentInstance>): Promise<AgentInstance> {
  await using world = await createWorld();
  return {
    ...(await world.reserve()),
    createdAt: 0,
    startedAt: 0,
    lastUsedAt: 0,
    expiresAt: 8 * HOUR,
    ...patch,
  };
}

describe('the coming stop', () => {
  it('is the idle one when that is first, announced five minutes before', async () => {
    expect(comingStop(await someAgent({}), HOUR, false)).toEqual({
      reason: 'idle',
      warnAt: 55 * MINUTE,
      stopsAt: HOUR,
    });
  });

  it('is the time-to-live for a busy agent, announced a quarter hour before', async () => {
    expect(comingStop(await someAgent({}), HOUR, true)).toEqual({
      reason: 'time-to-live',
      warnAt: 8 * HOUR - 15 * MINUTE,
      stopsAt: 8 * HOUR,
    });
  });

  it('is announced a quarter of a short life before', async () => {
    const short = await someAgent({ expiresAt: 8 * MINUTE });

    expect(comingStop(short, 4 * MINUTE, false)).toMatchObject({ warnAt: 3 * MINUTE, stopsAt: 4 * MINUTE });
    expect(comingStop(short, HOUR, false)).toMatchObject({ reason: 'time-to-live', warnAt: 6 * MINUTE });
  });

  it('never comes sooner after its late announcement than it should', async () => {
    const late = await someAgent({ warnedAt: 90 * MINUTE });

    expect(comingStop(late, HOUR, false)).toMatchObject({ reason: 'idle', stopsAt: 95 * MINUTE });
  });

  it('tells an announced time-to-live from an announced idle stop', async () => {
    expect(warnedForTimeToLive(await someAgent({ warnedAt: 8 * HOUR - 10 * MINUTE }))).toBe(true);
    expect(warnedForTimeToLive(await someAgent({ warnedAt: HOUR }))).toBe(false);
    expect(warnedForTimeToLive(await someAgent({ warnedAt: null }))).toBe(false);
  });
});
