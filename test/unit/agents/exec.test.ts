import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { sha256Hex } from '../../../src/lib/canonical-json.ts';
import { createWorld, eventually, told } from './world.ts';

describe('running a command', () => {
  it('settles with the result and keeps the output in a file with its hash', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();

    const command = world.exec(id, 'echo out; echo err >&2; exit 3');
    await command.ended;

    expect(command.steps).toMatchObject({
      begun: 1,
      outcomes: [
        { ok: true, result: { exec: { success: false, exitCode: 3, cause: 'exited', stdoutBytes: 4 } } },
      ],
    });
    const [outcome] = command.steps.outcomes;
    const file = path.join(world.dataDir, 'outputs', `${command.actionId}.json`);
    expect(outcome?.result?.exec?.outputFile).toBe(path.join('outputs', `${command.actionId}.json`));
    expect(outcome?.result?.exec?.outputSha256).toBe(sha256Hex(await readFile(file)));
    expect(await world.manager.keptOutput(command.actionId)).toEqual({
      text: 'out\nerr\n',
      truncated: false,
      totalBytes: 8,
      path: file,
    });
  });

  it('keeps no file where there was no output', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();

    const command = world.exec(id, 'true');
    await command.ended;

    expect(command.steps.outcomes).toMatchObject([
      { ok: true, result: { exec: { success: true, outputFile: null } } },
    ]);
    expect(await world.manager.keptOutput(command.actionId)).toBeNull();
  });

  it('fails at its timeout, and the agent stays usable', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    const command = world.exec(id, 'echo before; sleep 60', 5000);
    await command.said('before');

    world.clock.advance(5000);
    await command.ended;

    expect(command.steps.outcomes).toMatchObject([
      {
        ok: false,
        status: 'FAILED',
        error: { code: 'RUNTIME_TIMEOUT' },
        result: { exec: { cause: 'timed-out', timedOut: true, exitCode: null } },
      },
    ]);
    const next = world.exec(id, 'echo usable');
    await next.ended;
    expect(next.steps.outcomes).toMatchObject([{ ok: true }]);
  });

  it('is cancelled by its action, once', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    const command = world.exec(id, 'sleep 60');
    await command.started;

    expect(await world.manager.cancelExec(command.actionId)).toBe(true);
    await command.ended;

    expect(command.steps.outcomes).toMatchObject([
      { ok: false, status: 'CANCELLED', result: { exec: { cause: 'cancelled' } } },
    ]);
    expect(await world.manager.cancelExec(command.actionId)).toBe(false);
  });

  it('is cancelled while it waits for its turn, without being started', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    world.host.fault('exec', { kind: 'hang' });
    const command = world.exec(id, 'echo never');
    await world.host.called('exec');

    await world.manager.cancelExec(command.actionId);
    await command.ended;

    expect(command.steps.outcomes).toMatchObject([{ ok: false, status: 'CANCELLED' }]);
    expect(await world.manager.keptOutput(command.actionId)).toBeNull();
  });

  it('is refused in a paused agent, in the transaction that began it', async () => {
    await using world = await createWorld();
    const { id } = await world.agent({ name: 'box' });
    await world.manager.pause(id, told());

    const command = world.exec(id, 'true');
    await command.ended;

    expect(command.steps).toMatchObject({
      begun: 1,
      outcomes: [
        {
          ok: false,
          error: { code: 'WRONG_STATE', message: 'cannot exec agent box: it is PAUSED, not RUNNING' },
        },
      ],
    });
  });

  it('fails when the driver cannot start it', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    world.host.fault('exec', { kind: 'fail', error: new AppError('RUNTIME_FAILED', 'runsc said no') });

    const command = world.exec(id, 'true');
    await command.ended;

    expect(command.steps.outcomes).toMatchObject([
      { ok: false, status: 'FAILED', error: { message: 'runsc said no' } },
    ]);
  });

  it('ends as lost when its sandbox is killed, and the agent is in ERROR and cleaned', async () => {
    await using world = await createWorld();
    const agent = await world.agent();
    const command = world.exec(agent.id, 'sleep 60');
    await command.started;

    world.host.kill(agent.containerId ?? '');
    await command.ended;
    await eventually(async () => (await world.record(agent.id)).cleaned);

    expect(command.steps.outcomes).toMatchObject([
      {
        ok: false,
        status: 'FAILED',
        error: { code: 'SANDBOX_LOST' },
        result: { exec: { cause: 'sandbox-lost' } },
      },
    ]);
    expect(await world.record(agent.id)).toMatchObject({ status: 'ERROR', exitCause: 'sandbox-lost' });
    expect(world.host.sandboxes.size).toBe(0);
    const audit = (await world.store.auditLast(10)).map((entry) => entry.type);
    expect(audit).toEqual(['agent.removed', 'agent.ended']);
  });

  it('ends as out of memory when that ended its sandbox', async () => {
    await using world = await createWorld();
    const { id } = await world.agent({ limits: { memoryMb: 64 } });

    const command = world.exec(id, 'dd if=/dev/zero of=/dev/null bs=128M count=1');
    await command.ended;
    await eventually(async () => (await world.record(id)).status === 'ERROR');

    expect(command.steps.outcomes).toMatchObject([
      { ok: false, result: { exec: { cause: 'out-of-memory' } } },
    ]);
    expect(await world.record(id)).toMatchObject({
      exitCause: 'out-of-memory',
      errorMessage: 'out of memory: it needed more than its 64 MiB',
    });
  });

  it('runs side by side with other commands', async () => {
    await using world = await createWorld();
    const { id } = await world.agent();
    const slow = world.exec(id, 'echo slow; sleep 60');
    await slow.said('slow');

    const quick = world.exec(id, 'echo quick');
    await quick.ended;

    expect(quick.steps.outcomes).toMatchObject([{ ok: true }]);
    expect(slow.steps.outcomes).toEqual([]);
    await world.manager.cancelExec(slow.actionId);
    await slow.ended;
  });
});
