import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { FORCED_WAIT_MS } from '../../../src/agents/stop.ts';
import { createWorld, eventually, told } from './world.ts';

const GRACEFUL = { force: false, reason: 'asked by alice' };
const FORCED = { force: true, reason: 'asked by alice' };

describe('stopping an agent', () => {
  it('goes over STOPPING to STOPPED, removes the sandbox and audits that nothing is left', async () => {
    await using world = await createWorld();
    const agent = await world.agent();
    const steps = told();

    await world.manager.stopAgent(agent.id, GRACEFUL, steps);

    expect(await world.statuses(agent.id)).toEqual(['PENDING', 'CREATING', 'RUNNING', 'STOPPING', 'STOPPED']);
    expect(await world.record(agent.id)).toMatchObject({ exitCause: 'stopped', cleaned: true });
    expect(world.host.sandboxes.size).toBe(0);
    expect(steps.outcomes).toMatchObject([{ ok: true }]);
    expect(await world.store.auditLast(1)).toMatchObject([
      { type: 'agent.removed', agentId: agent.id, data: { evidence: { processes: [], mounts: [] } } },
    ]);
  });

  it('ends running commands as stopped', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    const command = world.exec(id, 'echo on; sleep 60');
    await command.said('on');

    await world.manager.stopAgent(id, GRACEFUL, told());
    await command.ended;

    expect(command.steps.outcomes).toMatchObject([
      { ok: false, status: 'FAILED', result: { exec: { cause: 'stopped' } } },
    ]);
  });

  it('cancels a create under way', async () => {
    await using world = await createWorld();
    const { id } = await world.reserve();
    world.host.fault('create', { kind: 'hang' });
    const creating = told();
    const stopping = told();
    const created = world.manager.create(id, creating);
    await world.host.called('create');

    await world.manager.stopAgent(id, GRACEFUL, stopping);
    await created;

    expect(await world.statuses(id)).toEqual(['PENDING', 'CREATING', 'STOPPING', 'STOPPED']);
    expect(creating.outcomes).toMatchObject([{ ok: false, status: 'CANCELLED' }]);
    expect(stopping.outcomes).toMatchObject([{ ok: true }]);
    expect(world.host.sandboxes.size).toBe(0);
  });

  it('leaves nothing, whenever in a create it comes', async () => {
    await using world = await createWorld();
    for (let turns = 0; turns < 12; turns += 1) {
      const { id } = await world.reserve();
      const creating = told();
      const stopping = told();
      const created = world.manager.create(id, creating);
      for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);

      await Promise.all([created, world.manager.stopAgent(id, GRACEFUL, stopping)]);

      expect((await world.record(id)).status).toBe('STOPPED');
      expect(creating.outcomes).toHaveLength(1);
      expect(stopping.outcomes).toMatchObject([{ ok: true }]);
      expect(world.host.sandboxes.size).toBe(0);
    }
  });

  it('stops what was never created, whose create is then refused', async () => {
    await using world = await createWorld();
    const { id } = await world.reserve();
    const creating = told();

    await world.manager.stopAgent(id, GRACEFUL, told());
    await world.manager.create(id, creating);

    expect(await world.statuses(id)).toEqual(['PENDING', 'STOPPED']);
    expect(creating.outcomes).toMatchObject([{ ok: false, error: { code: 'WRONG_STATE' } }]);
  });

  it('is one stop when asked twice at once, and success when asked again', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    const steps = [told(), told(), told()];

    await Promise.all(steps.slice(0, 2).map((one) => world.manager.stopAgent(id, GRACEFUL, one)));
    await world.manager.stopAgent(id, GRACEFUL, steps[2] ?? told());

    expect(steps.map((one) => one.outcomes.map((outcome) => outcome.ok))).toEqual([[true], [true], [true]]);
    expect((await world.statuses(id)).filter((status) => status === 'STOPPING')).toHaveLength(1);
  });

  it('waits the grace for a command that refuses to go; a forced stop overtakes it', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    const command = world.exec(id, `trap '' TERM; echo on; while :; do sleep 1; done`);
    await command.said('on');
    const graceful = told();
    const stopping = world.manager.stopAgent(id, GRACEFUL, graceful);
    await world.host.called('stop');
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
    expect(graceful.outcomes).toEqual([]);

    const forced = told();
    await world.manager.stopAgent(id, FORCED, forced);
    await Promise.all([stopping, command.ended]);

    expect(graceful.outcomes).toMatchObject([{ ok: true }]);
    expect(forced.outcomes).toMatchObject([{ ok: true }]);
    expect(command.steps.outcomes).toMatchObject([{ result: { exec: { cause: 'stopped' } } }]);
  });

  it('overtakes a pause that hangs', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    world.host.fault('pause', { kind: 'hang' });
    const paused = told();
    const pausing = world.manager.pause(id, paused);
    await world.host.called('pause');

    const stopping = world.manager.stopAgent(id, FORCED, told());
    await eventually(async () => (await world.record(id)).status === 'STOPPING');
    world.clock.advance(FORCED_WAIT_MS);
    await stopping;

    expect((await world.record(id)).status).toBe('STOPPED');
    world.clock.advance(30_000);
    await pausing;
    expect(paused.outcomes).toMatchObject([{ ok: false }]);
  });

  it('overtakes a pause that hangs when a graceful stop already waits for it', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    world.host.fault('pause', { kind: 'hang' });
    const pausing = world.manager.pause(id, told());
    await world.host.called('pause');
    const graceful = world.manager.stopAgent(id, GRACEFUL, told());
    await eventually(async () => (await world.record(id)).status === 'STOPPING');

    const forced = world.manager.stopAgent(id, FORCED, told());
    // The forced one joins after its own transaction.
    await eventually(async () => {
      world.clock.advance(10);
      return (await world.record(id)).status === 'STOPPED';
    });

    expect(world.clock.monotonic()).toBeLessThan(30_000);
    world.clock.advance(30_000);
    await Promise.all([graceful, forced, pausing]);
  });

  it('is in ERROR and says so when something is left, and the reaper tries again', async () => {
    await using world = await createWorld();
    await world.manager.start();
    const { id } = await world.agent();
    const left = new AppError('CLEANUP_FAILED', 'a mount is left');
    world.host.fault('remove', { kind: 'fail', error: left }, 2);
    const steps = told();

    await world.manager.stopAgent(id, GRACEFUL, steps);
    expect(steps.outcomes).toMatchObject([{ ok: false, error: { code: 'CLEANUP_FAILED' } }]);
    expect(await world.record(id)).toMatchObject({ status: 'ERROR', cleaned: false });
    expect(await world.store.countLiveAgents()).toBe(1);

    await eventually(async () => {
      world.clock.advance(5000);
      return (await world.record(id)).cleaned;
    });
    expect(world.host.sandboxes.size).toBe(0);
    expect(await world.store.countLiveAgents()).toBe(0);
  });

  it('removes by force when the driver hangs in the stop', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    world.host.fault('stop', { kind: 'hang' });

    const stopping = world.manager.stopAgent(id, FORCED, told());
    await world.host.called('stop');
    world.clock.advance(30_000);
    await stopping;

    expect(await world.record(id)).toMatchObject({ status: 'STOPPED', cleaned: true });
    expect(world.host.sandboxes.size).toBe(0);
  });

  it('settles a stop of an agent that ended in ERROR', async () => {
    await using world = await createWorld();
    const agent = await world.agent();
    world.host.kill(agent.containerId ?? '');
    await eventually(async () => (await world.record(agent.id)).cleaned);

    const steps = told();
    await world.manager.stopAgent(agent.id, GRACEFUL, steps);

    expect(steps.outcomes).toMatchObject([{ ok: true }]);
    expect(await world.record(agent.id)).toMatchObject({ status: 'STOPPED', exitCause: 'sandbox-lost' });
  });

  it('says which agent there is not', async () => {
    await using world = await createWorld();
    const steps = told();

    await world.manager.stopAgent('a'.repeat(26), GRACEFUL, steps);

    expect(steps.outcomes).toMatchObject([{ ok: false, error: { code: 'AGENT_NOT_FOUND' } }]);
  });
});
