import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { ALICE, createWorld, eventually, THREAD, told } from './world.ts';

const CREATE_TIMEOUT_MS = 60_000;

describe('creating an agent', () => {
  it('goes from PENDING over CREATING to RUNNING and settles once', async () => {
    await using world = await createWorld();
    const { id } = await world.reserve({ name: 'box' });
    const steps = told();

    await world.manager.create(id, steps);

    const agent = await world.record(id);
    expect(await world.statuses(id)).toEqual(['PENDING', 'CREATING', 'RUNNING']);
    expect(agent).toMatchObject({
      name: 'box',
      status: 'RUNNING',
      startedAt: world.clock.now(),
      cleaned: false,
    });
    expect(steps.outcomes).toMatchObject([{ ok: true }]);
    expect([...world.host.sandboxes.keys()]).toEqual([agent.containerId]);
  });

  it('has the container id on record before the driver is called', async () => {
    await using world = await createWorld();
    const { id } = await world.reserve();
    world.host.fault('create', { kind: 'hang' });

    const creating = world.manager.create(id, told());
    await world.host.called('create');

    const agent = await world.record(id);
    expect(agent.status).toBe('CREATING');
    expect(world.host.calls).toContain(`create ${agent.containerId}`);
    world.host.release();
    await creating;
  });

  it('ends in ERROR with the cause and nothing left when the driver fails', async () => {
    await using world = await createWorld();
    const { id } = await world.reserve();
    world.host.fault('create', {
      kind: 'fail',
      error: new AppError('CREATE_FAILED', 'no space for the overlay'),
    });
    const steps = told();

    await world.manager.create(id, steps);

    expect(await world.record(id)).toMatchObject({
      status: 'ERROR',
      errorMessage: 'no space for the overlay',
      cleaned: true,
    });
    expect(steps.outcomes).toMatchObject([{ ok: false, status: 'FAILED', error: { code: 'CREATE_FAILED' } }]);
    expect(world.host.sandboxes.size).toBe(0);
    expect(await world.store.countLiveAgents()).toBe(0);
  });

  it('ends in ERROR at its deadline', async () => {
    await using world = await createWorld();
    const { id } = await world.reserve();
    world.host.fault('create', { kind: 'hang' });
    const steps = told();

    const creating = world.manager.create(id, steps);
    await world.host.called('create');
    world.clock.advance(CREATE_TIMEOUT_MS);
    await creating;

    expect(steps.outcomes).toMatchObject([{ ok: false, error: { code: 'RUNTIME_TIMEOUT' } }]);
    expect(await world.record(id)).toMatchObject({ status: 'ERROR', cleaned: true });
    expect(world.host.sandboxes.size).toBe(0);
  });

  it('changes nothing and calls nothing when begin throws', async () => {
    await using world = await createWorld();
    const { id } = await world.reserve();

    await expect(world.manager.create(id, told(new Error('not approved')))).rejects.toThrow('not approved');

    expect(await world.statuses(id)).toEqual(['PENDING']);
    expect(world.host.calls.filter((call) => call.startsWith('create'))).toEqual([]);
  });

  it('refuses to create what is not pending, and settles that', async () => {
    await using world = await createWorld();
    const agent = await world.agent();
    const steps = told();

    await world.manager.create(agent.id, steps);

    expect(steps).toMatchObject({ begun: 1, outcomes: [{ ok: false, error: { code: 'WRONG_STATE' } }] });
    expect((await world.record(agent.id)).status).toBe('RUNNING');
  });

  it('refuses one agent more than may live, saying what to do', async () => {
    await using world = await createWorld({ environment: { AIRLOCK_MAX_AGENTS: '1' } });
    await world.agent();

    await expect(world.reserve()).rejects.toMatchObject({
      code: 'TOO_MANY_AGENTS',
      message: '1 of 1 agent is live: stop one or raise AIRLOCK_MAX_AGENTS',
    });
  });

  it('refuses one agent more than a person may have', async () => {
    await using world = await createWorld({ policy: { limits: { perPerson: 1 } } });
    await world.agent();
    const plan = await world.manager.plan({});
    const bob = { ...ALICE, personId: 'bob' };

    await expect(world.reserve()).rejects.toMatchObject({ code: 'TOO_MANY_AGENTS' });
    const other = await world.store.transaction((tx) => world.manager.reserve(tx, plan, bob, THREAD));
    expect(other.status).toBe('PENDING');
  });

  it('refuses a name that a live agent has', async () => {
    await using world = await createWorld();
    await world.agent({ name: 'box' });

    await expect(world.reserve({ name: 'box' })).rejects.toMatchObject({ code: 'NAME_TAKEN' });
  });

  it('releases a reservation whose create will not happen, once', async () => {
    await using world = await createWorld();
    const { id } = await world.reserve({ name: 'box' });

    await world.store.transaction((tx) => world.manager.release(tx, id, 'denied by bob'));
    await world.store.transaction((tx) => world.manager.release(tx, id, 'expired'));

    expect(await world.record(id)).toMatchObject({ status: 'STOPPED', errorMessage: 'denied by bob' });
    expect((await world.reserve({ name: 'box' })).status).toBe('PENDING');
  });
});

describe('what could not be recorded', () => {
  it('is judged by the reaper: a create whose end the store refused', async () => {
    await using world = await createWorld();
    await world.manager.start();
    const { id } = await world.reserve();
    const broken = told();
    broken.settle = async () => {
      throw new Error('the store broke');
    };

    await expect(world.manager.create(id, broken)).rejects.toThrow('the store broke');
    expect((await world.record(id)).status).toBe('CREATING');
    await eventually(async () => {
      world.clock.advance(5000);
      return (await world.record(id)).status === 'ERROR';
    });

    await eventually(async () => (await world.record(id)).cleaned);
    expect(world.host.sandboxes.size).toBe(0);
  });
});

describe('planning an agent', () => {
  it('fills in defaults and chooses a free memorable name', async () => {
    await using world = await createWorld();

    const plan = await world.manager.plan({});

    expect(plan.name).toMatch(/^[a-z]+-[a-z]+$/);
    expect(plan).toMatchObject({
      sandboxType: 'fake',
      image: 'busybox',
      skillId: null,
      timeToLiveMs: 8 * 3_600_000,
    });
  });

  it('refuses without a runtime, saying why and what to do', async () => {
    await using world = await createWorld();
    world.host.runtime = { available: false, missing: ['runsc is not on PATH'] };

    await expect(world.manager.plan({})).rejects.toMatchObject({
      code: 'NO_RUNTIME',
      message: 'no sandbox runtime: runsc is not on PATH',
      hint: expect.stringContaining('npm run airlock -- doctor'),
    });
  });

  it('refuses a sandbox type it has no runtime for instead of taking another', async () => {
    await using world = await createWorld();

    await expect(world.manager.plan({ sandboxType: 'kata' })).rejects.toMatchObject({ code: 'NO_RUNTIME' });
  });

  describe('with gVisor and Kata to choose from', () => {
    const runtimes = (gvisor: boolean, kata: boolean) => [
      { type: 'gvisor', available: gvisor, missing: gvisor ? [] : ['runsc is not on PATH'] },
      { type: 'kata', available: kata, missing: kata ? [] : ['docker has no Kata runtime'] },
    ];

    it.each([
      [true, true, 'gvisor'],
      [true, false, 'gvisor'],
      [false, true, 'kata'],
    ])('takes gVisor before Kata (there: %s, %s): %s', async (gvisor, kata, taken) => {
      await using world = await createWorld({ runtimes: runtimes(gvisor, kata) });

      expect(await world.manager.plan({})).toMatchObject({ sandboxType: taken });
    });

    it('refuses when neither is there, with both reasons and what to do', async () => {
      await using world = await createWorld({ runtimes: runtimes(false, false) });

      await expect(world.manager.plan({})).rejects.toMatchObject({
        code: 'NO_RUNTIME',
        message: 'no sandbox runtime: runsc is not on PATH; docker has no Kata runtime',
        hint: expect.stringContaining('Install gVisor (runsc) or Kata Containers'),
      });
    });

    it('takes the one that its skill needs, before what the configuration prefers', async () => {
      await using world = await createWorld({
        policy: { defaultSandbox: 'gvisor' },
        runtimes: runtimes(true, true),
      });
      const vm = { id: 'kernel-modules', sandboxType: 'kata' };

      expect(await world.manager.plan({ skill: vm })).toMatchObject({
        skillId: 'kernel-modules',
        sandboxType: 'kata',
      });
      expect(await world.manager.plan({ skill: vm, sandboxType: 'kata' })).toMatchObject({
        sandboxType: 'kata',
      });
      expect(await world.manager.plan({ skill: { id: 'any' } })).toMatchObject({
        skillId: 'any',
        sandboxType: 'gvisor',
      });
      await expect(world.manager.plan({ skill: vm, sandboxType: 'gvisor' })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: 'skill "kernel-modules" needs a kata sandbox, and "gvisor" was asked for',
        hint: 'leave --sandbox out, or write --sandbox kata',
      });

      await using without = await createWorld({ runtimes: runtimes(true, false) });
      await expect(without.manager.plan({ skill: vm })).rejects.toMatchObject({
        code: 'NO_RUNTIME',
        message:
          'sandbox runtime "kata" (which skill "kernel-modules" needs) is not available: docker has no Kata runtime',
      });
    });

    it('takes what was asked, else what the configuration prefers, and never another', async () => {
      await using world = await createWorld({
        policy: { defaultSandbox: 'kata' },
        runtimes: runtimes(true, true),
      });
      expect(await world.manager.plan({})).toMatchObject({ sandboxType: 'kata' });
      expect(await world.manager.plan({ sandboxType: 'gvisor' })).toMatchObject({ sandboxType: 'gvisor' });

      await using without = await createWorld({
        policy: { defaultSandbox: 'kata' },
        runtimes: runtimes(true, false),
      });
      await expect(without.manager.plan({})).rejects.toMatchObject({
        code: 'NO_RUNTIME',
        message: 'sandbox runtime "kata" is not available: docker has no Kata runtime',
      });
    });
  });

  it('refuses a network the runtime cannot give, with its reason', async () => {
    await using world = await createWorld();
    world.host.runtime = { warnings: ['runsc is old'], networkReason: 'runsc is too old for this kernel' };

    await expect(world.manager.plan({ limits: { networkEnabled: true } })).rejects.toMatchObject({
      code: 'NETWORK_UNAVAILABLE',
      message: 'no --network on this host: runsc is too old for this kernel',
    });
  });
});
