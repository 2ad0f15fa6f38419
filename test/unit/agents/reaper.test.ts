import { utimes } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createWorld, eventually, told, type World } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

async function warnings(world: World) {
  const events = await world.store.eventsAfter(0, 1000);
  return events.map(({ body }) => body).filter((body) => body.type === 'agent.warning');
}

/** Moves time in steps of the reaper and lets each tick end. */
async function pass(world: World, durationMs: number): Promise<void> {
  for (let passed = 0; passed < durationMs; passed += MINUTE / 2) {
    world.clock.advance(MINUTE / 2);
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    // The reaper arms its timer again when its look has ended.
    await eventually(() => world.clock.armed > 0);
  }
}

describe('the reaper', () => {
  it('announces the time-to-live a quarter hour before and stops the agent then', async () => {
    await using world = await createWorld({ environment: { AIRLOCK_IDLE_STOP: '2d' } });
    await world.manager.start();
    const agent = await world.agent({ timeToLiveMs: 2 * HOUR });

    await pass(world, 2 * HOUR - 16 * MINUTE);
    expect(await warnings(world)).toEqual([]);
    await pass(world, 2 * MINUTE);
    expect(await warnings(world)).toEqual([
      { type: 'agent.warning', agentId: agent.id, reason: 'time-to-live', stopsAt: agent.expiresAt },
    ]);
    expect((await world.record(agent.id)).status).toBe('RUNNING');

    await pass(world, 15 * MINUTE);
    await eventually(async () => (await world.record(agent.id)).status === 'STOPPED');
    expect(await warnings(world)).toHaveLength(1);
  });

  it('announces an idle stop five minutes before and stops the agent then', async () => {
    await using world = await createWorld();
    await world.manager.start();
    const agent = await world.agent();

    await pass(world, 56 * MINUTE);
    expect(await warnings(world)).toMatchObject([{ reason: 'idle', stopsAt: agent.lastUsedAt + HOUR }]);

    await pass(world, 5 * MINUTE);
    await eventually(async () => (await world.record(agent.id)).status === 'STOPPED');
  });

  it('takes an idle announcement back when the agent is used', async () => {
    await using world = await createWorld();
    await world.manager.start();
    const { id } = await world.agent();
    await pass(world, 56 * MINUTE);
    expect((await world.record(id)).warnedAt).not.toBeNull();

    await world.exec(id, 'true').ended;
    await pass(world, 50 * MINUTE);

    expect(await world.record(id)).toMatchObject({ status: 'RUNNING', warnedAt: null });
  });

  it('does not call an agent idle while a command runs', async () => {
    await using world = await createWorld();
    await world.manager.start();
    const { id } = await world.agent();
    const command = world.exec(id, 'echo on; sleep 10000', 4 * HOUR);
    await command.said('on');

    await pass(world, 2 * HOUR);

    expect((await world.record(id)).status).toBe('RUNNING');
    await world.manager.cancelExec(command.actionId);
    await command.ended;
  });

  it('lets an agent live on that was extended after the announcement', async () => {
    await using world = await createWorld({ environment: { AIRLOCK_IDLE_STOP: '2d' } });
    await world.manager.start();
    const { id } = await world.agent({ timeToLiveMs: HOUR });
    await pass(world, 50 * MINUTE);
    expect(await warnings(world)).toHaveLength(1);
    const steps = told();

    await world.manager.extend(id, 8 * HOUR, steps);
    await pass(world, HOUR);

    expect(steps.outcomes).toMatchObject([{ ok: true, result: { message: 'lives 8h from now' } }]);
    expect(await world.record(id)).toMatchObject({ status: 'RUNNING', warnedAt: null });
  });

  it('removes kept output after thirty days', async () => {
    await using world = await createWorld();
    await world.manager.start();
    const { id } = await world.agent();
    const old = world.exec(id, 'echo old');
    await old.ended;
    const recent = world.exec(id, 'echo recent');
    await recent.ended;
    const now = world.clock.now() / 1000;
    const kept = await world.manager.keptOutput(old.actionId);
    await utimes(kept?.path ?? '', now, now - 31 * 24 * 3600);

    world.clock.advance(5000);
    await eventually(async () => (await world.manager.keptOutput(old.actionId)) === null);

    expect((await world.manager.keptOutput(recent.actionId))?.text).toBe('recent\n');
  });
});
