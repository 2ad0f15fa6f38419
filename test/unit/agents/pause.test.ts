import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { createWorld, eventually, told } from './world.ts';

describe('pausing and resuming', () => {
  it('pauses under a running command, whose clock stands still', async () => {
    await using world = await createWorld();
    const { id, containerId } = await world.agent();
    const command = world.exec(id, 'sleep 10; echo woke', 20_000);
    await command.started;
    const inside = world.host.sandboxes.get(containerId ?? '');
    await eventually(() => inside?.processes.values().some((one) => one.command === 'sleep 10') ?? false);
    await new Promise(setImmediate);

    await world.manager.pause(id, told());
    world.clock.advance(3_600_000);
    await world.manager.resume(id, told());
    world.clock.advance(10_000);
    await command.ended;

    expect(await world.statuses(id)).toEqual(['PENDING', 'CREATING', 'RUNNING', 'PAUSED', 'RUNNING']);
    expect(command.steps.outcomes).toMatchObject([{ ok: true, result: { exec: { exitCode: 0 } } }]);
  });

  it('refuses to pause twice', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    await world.manager.pause(id, told());
    const steps = told();

    await world.manager.pause(id, steps);

    expect(steps.outcomes).toMatchObject([{ ok: false, error: { code: 'WRONG_STATE' } }]);
  });

  it('thaws the agent when a pause fails', async () => {
    await using world = await createWorld();
    const agent = await world.agent();
    world.host.fault('pause', { kind: 'fail', error: new AppError('RUNTIME_FAILED', 'no freezer') });
    const steps = told();

    await world.manager.pause(agent.id, steps);

    expect(steps.outcomes).toMatchObject([{ ok: false, error: { message: 'no freezer' } }]);
    expect((await world.record(agent.id)).status).toBe('RUNNING');
    expect(world.host.calls.at(-1)).toBe(`resume ${agent.containerId}`);
  });

  it('lets a command asked for meanwhile wait for it, and other agents not', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    const other = await world.agent();
    world.host.fault('pause', { kind: 'hang' });
    const pausing = world.manager.pause(id, told());
    await world.host.called('pause');

    const waiting = world.exec(id, 'true');
    const free = world.exec(other.id, 'true');
    await free.ended;
    expect(waiting.steps.begun).toBe(0);
    world.host.release();
    await Promise.all([pausing, waiting.ended]);

    expect(waiting.steps.outcomes).toMatchObject([{ ok: false, error: { code: 'WRONG_STATE' } }]);
  });
});
