import { describe, expect, it } from 'vitest';
import { createLogger } from '../../../src/lib/logger.ts';
import { createRedactor } from '../../../src/lib/redact.ts';
import { createWorld, eventually, told } from './world.ts';

describe('the manager', () => {
  it('leaves agents running when told so, but ends their commands', async () => {
    await using world = await createWorld();
    await world.manager.start();
    const { id } = await world.agent();
    const command = world.exec(id, 'echo on; sleep 60');
    await command.said('on');

    await world.manager.stop('leave');

    expect(command.steps.outcomes).toMatchObject([
      { ok: false, status: 'FAILED', result: { exec: { cause: 'stopped' } } },
    ]);
    expect((await world.record(id)).status).toBe('RUNNING');
    expect(world.host.sandboxes.size).toBe(1);
  });

  it('stops every agent when told so, and twice is once', async () => {
    await using world = await createWorld();
    await world.manager.start();
    const first = await world.agent();
    const second = await world.agent();
    const pending = await world.reserve();

    await Promise.all([world.manager.stop('stop'), world.manager.stop('stop')]);
    await world.manager.stop('leave');

    expect((await world.record(first.id)).status).toBe('STOPPED');
    expect((await world.record(second.id)).status).toBe('STOPPED');
    expect((await world.record(pending.id)).status).toBe('PENDING');
    expect(world.host.sandboxes.size).toBe(0);
    expect(world.clock.armed).toBe(0);
  });

  it('begins nothing new once it stops', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    await world.manager.stop('leave');

    const command = world.exec(id, 'true');
    await command.ended;

    expect(command.steps.outcomes).toMatchObject([{ ok: false, error: { code: 'SHUTTING_DOWN' } }]);
  });

  it('tells what it has and what it runs', async () => {
    await using world = await createWorld({ environment: { AIRLOCK_MAX_AGENTS: '3' } });
    await world.agent();
    await world.reserve();

    const info = await world.manager.info();

    expect(info).toMatchObject({ defaultType: 'fake', live: 2, running: 1, maxAgents: 3 });
    expect(info.host.memoryMb).toBeGreaterThan(0);
  });

  it('tells in the log, at the start, that a runtime it was configured for is missing; of another it is silent', async () => {
    const lines: unknown[] = [];
    const write = (line: string) => void lines.push(JSON.parse(line));
    const log = createLogger({ level: 'warn', redactor: createRedactor([]), write });
    const kata = { type: 'kata', available: false, missing: ['docker is not started'] };
    const gvisor = { type: 'gvisor', available: true, missing: [] };

    await using unasked = await createWorld({ runtimes: [gvisor, kata], log });
    await unasked.manager.start();
    expect(lines).toEqual([]);

    const policy = { defaultSandbox: 'kata' };
    await using asked = await createWorld({ runtimes: [gvisor, kata], policy, log });
    await asked.manager.start();
    expect(lines).toMatchObject([{ sandbox: 'kata', missing: ['docker is not started'] }]);
    expect(await asked.manager.info()).toMatchObject({ defaultType: null, preferredType: 'kata' });
  });

  it('measures a running agent, and no other', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    const pending = await world.reserve();

    expect(await world.manager.usage(id)).toMatchObject({ processes: 1 });
    expect(await world.manager.usage(pending.id)).toBeNull();
  });

  it('refuses runtime work beyond the queue as busy', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    world.host.fault('exec', { kind: 'hang' }, 300);

    const commands = Array.from({ length: 300 }, () => world.exec(id, 'true'));
    await eventually(() => commands.every((one) => one.steps.begun === 1));
    const refused = commands.filter((one) => one.steps.outcomes.length > 0);
    world.host.release();
    for (const one of commands) await world.manager.cancelExec(one.actionId);
    world.host.release();
    await Promise.all(commands.map((one) => one.ended));

    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThanOrEqual(100);
    expect(refused[0]?.steps.outcomes).toMatchObject([{ ok: false, error: { code: 'RUNTIME_BUSY' } }]);
  });

  it('lets a hung agent delay nobody else for longer than five seconds', async () => {
    await using world = await createWorld();
    const hung = await Promise.all(Array.from({ length: 8 }, () => world.agent()));
    const other = await world.agent();
    world.host.fault('exec', { kind: 'hang' }, hung.length);
    const waiting = hung.map((agent) => world.exec(agent.id, 'true'));
    await world.host.called('exec');

    const free = told();
    const ended = world.manager.pause(other.id, free);
    await eventually(() => {
      world.clock.advance(5000);
      return free.outcomes.length === 1;
    });
    await ended;

    expect(free.outcomes).toMatchObject([{ ok: true }]);
    world.host.release();
    for (const one of waiting) await world.manager.cancelExec(one.actionId);
    await Promise.all(waiting.map((one) => one.ended));
  });
});
