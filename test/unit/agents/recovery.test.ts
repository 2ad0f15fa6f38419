import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { newContainerId } from '../../../src/lib/ids.ts';
import { createFakeDriver } from '../../../src/sandboxes/fake/fake-driver.ts';
import { createWorld, eventually, told } from './world.ts';

describe('recovery after a crash', () => {
  it('adopts what runs, ends the commands of the dead process, and goes on watching', async () => {
    await using world = await createWorld();
    const agent = await world.agent();
    const command = world.exec(agent.id, 'echo on; sleep 60');
    await command.said('on');

    const report = await world.crash().start();

    expect(report).toEqual({ adopted: [agent.id], lost: [], removed: [], quarantined: [] });
    expect(command.steps.outcomes).toEqual([]);
    const sandbox = world.host.sandboxes.get(agent.containerId ?? '');
    expect(sandbox?.executions.size).toBe(0);
    const next = world.exec(agent.id, 'echo hello');
    await next.ended;
    expect(next.steps.outcomes).toMatchObject([{ ok: true }]);

    world.host.kill(agent.containerId ?? '');
    await eventually(async () => (await world.record(agent.id)).status === 'ERROR');
  });

  it('ends what is gone, with a notice, and frees its name', async () => {
    await using world = await createWorld();
    const agent = await world.agent({ name: 'box' });
    world.host.crash();
    world.host.sandboxes.delete(agent.containerId ?? '');

    const report = await world.crash().start();

    expect(report.lost).toEqual([agent.id]);
    expect(await world.record(agent.id)).toMatchObject({
      status: 'ERROR',
      exitCause: 'sandbox-lost',
      cleaned: true,
    });
    expect((await world.reserve({ name: 'box' })).status).toBe('PENDING');
    const [recovery] = await world.store.auditLast(1);
    expect(recovery).toMatchObject({ type: 'recovery', data: { lost: [agent.id] } });
    const events = await world.store.eventsAfter(0, 100);
    expect(events.map(({ body }) => body)).toContainEqual(
      expect.objectContaining({ type: 'team.notice', text: 'Lost while Airlock was away: box.' }),
    );
  });

  it('says why a sandbox ended while the bot was away', async () => {
    await using world = await createWorld();
    const agent = await world.agent();
    world.host.crash();
    world.host.sandboxes.get(agent.containerId ?? '')?.die({ code: null, cause: 'out-of-memory' });

    await world.crash().start();

    expect(await world.record(agent.id)).toMatchObject({ status: 'ERROR', exitCause: 'out-of-memory' });
    expect(world.host.sandboxes.size).toBe(0);
  });

  it('undoes a create that was cut off, whether its sandbox runs or not', async () => {
    await using world = await createWorld();
    const { id } = await world.reserve();
    world.host.fault('create', { kind: 'hang' });
    const steps = told();
    void world.manager.create(id, steps);
    await world.host.called('create');

    const manager = world.crash();
    world.host.release();
    const report = await manager.start();

    expect(report.lost).toEqual([id]);
    expect(await world.record(id)).toMatchObject({ status: 'ERROR', cleaned: true });
    expect(steps.outcomes).toEqual([]);
    expect(world.host.sandboxes.size).toBe(0);
  });

  it('leaves a pending agent for its approval', async () => {
    await using world = await createWorld();
    const { id } = await world.reserve();

    const report = await world.crash().start();

    expect(report).toEqual({ adopted: [], lost: [], removed: [], quarantined: [] });
    expect((await world.record(id)).status).toBe('PENDING');
  });

  it('finishes a stop that was cut off', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    world.host.fault('stop', { kind: 'hang' });
    void world.manager.stopAgent(id, { force: false, reason: 'asked' }, told());
    await world.host.called('stop');

    const manager = world.crash();
    world.host.release();
    await manager.start();

    expect(await world.statuses(id)).toEqual(['PENDING', 'CREATING', 'RUNNING', 'STOPPING', 'STOPPED']);
    expect(world.host.sandboxes.size).toBe(0);
  });

  it('believes its eyes where a pause was cut off before it was recorded', async () => {
    await using world = await createWorld();
    const agent = await world.agent();
    world.host.sandboxes.get(agent.containerId ?? '')?.pause();

    await world.crash().start();

    expect((await world.record(agent.id)).status).toBe('PAUSED');
    await world.manager.resume(agent.id, told());
    expect((await world.record(agent.id)).status).toBe('RUNNING');
  });

  it('removes what is ours and nobody owns, and touches nothing of another node', async () => {
    await using world = await createWorld();
    const agent = await world.agent();
    const spec = world.host.sandboxes.get(agent.containerId ?? '')?.spec;
    if (spec === undefined) throw new Error('the agent has no sandbox');
    const ours = createFakeDriver({ host: world.host }).newHandle(newContainerId());
    const theirs = createFakeDriver({ host: world.host, nodeId: 'node-2' }).newHandle(newContainerId());
    world.host.make(ours, spec);
    world.host.make(theirs, spec);

    const report = await world.crash().start();

    expect(report.removed).toEqual([ours.containerId]);
    expect(new Set(world.host.sandboxes.keys())).toEqual(new Set([agent.containerId, theirs.containerId]));
  });

  it('quarantines what it cannot look at, reports it, and judges it later', async () => {
    await using world = await createWorld();
    const agent = await world.agent();
    const manager = world.crash();
    world.host.fault('inspect', { kind: 'fail', error: new AppError('RUNTIME_FAILED', 'runsc panicked') });

    const report = await manager.start();

    expect(report.quarantined).toEqual([agent.id]);
    expect(await world.record(agent.id)).toMatchObject({ status: 'RUNNING', containerId: agent.containerId });
    expect(world.host.sandboxes.size).toBe(1);
    const refused = world.exec(agent.id, 'true');
    await refused.ended;
    expect(refused.steps.outcomes).toMatchObject([{ ok: false, error: { code: 'SANDBOX_LOST' } }]);

    world.clock.advance(5000);
    await eventually(async () => (await manager.usage(agent.id)) !== null);
    const next = world.exec(agent.id, 'true');
    await next.ended;
    expect(next.steps.outcomes).toMatchObject([{ ok: true }]);
  });

  it('stops what outlived its time before it is ready', async () => {
    await using world = await createWorld();
    const { id } = await world.agent({ timeToLiveMs: 60_000 });
    const manager = world.crash();
    world.clock.advance(61_000);

    await manager.start();

    expect((await world.record(id)).status).toBe('STOPPED');
    expect(world.host.sandboxes.size).toBe(0);
  });

  it('survives a crash at any moment of a life with nothing left behind and no state unsaid', async () => {
    await using world = await createWorld();
    for (let turns = 0; turns < 40; turns += 1) {
      const { id } = await world.reserve();
      void world.manager.create(id, told()).then(async () => {
        await world.manager.pause(id, told());
        await world.manager.resume(id, told());
        await world.manager.stopAgent(id, { force: true, reason: 'asked' }, told());
      });
      for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);

      await world.crash().start();

      const { status, containerId, cleaned } = await world.record(id);
      expect(['PENDING', 'RUNNING', 'PAUSED', 'STOPPED', 'ERROR']).toContain(status);
      const alive = status === 'RUNNING' || status === 'PAUSED';
      if (!alive) expect(cleaned).toBe(true);
      expect([...world.host.sandboxes.keys()]).toEqual(alive ? [containerId] : []);
      await world.manager.stopAgent(id, { force: true, reason: 'next round' }, told());
    }
  });
});
