import { describe, it } from 'vitest';
import { startDocker, whyNoDocker, type DockerDaemon } from '../fixtures/docker-daemon.ts';
import { openKataWorld } from '../fixtures/kata-world.ts';
import { describeSandboxDriver } from './sandbox-driver.ts';
import type { SandboxDriverSubject } from './sandbox/kit.ts';

/** Some two seconds each through an engine. */
const ROUNDS = 10;

const NOT_A_VM = 'not shown: this runtime stands for Kata and is no virtual machine';
const HOST_KERNEL =
  'not shown: on the kernel of the host the limit counts the user of all containers, and no helper gets past it';

/** What a runtime of the test's own cannot show. A case that is not here must pass. */
const NOT_SHOWN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'runsc-test': { 'runs on a kernel of its own': NOT_A_VM },
  runc: {
    'runs on a kernel of its own': NOT_A_VM,
    'refuses more processes than the limit, says so, and stays usable': HOST_KERNEL,
    'survives a fork bomb: at the timeout every process of it is gone': HOST_KERNEL,
  },
};

for (const runtime of ['runsc-test', 'runc']) {
  const missing = await whyNoDocker(runtime);
  if (missing === null) {
    describeSandboxDriver(
      `kata, with ${runtime} of docker in its place,`,
      () => onOwnDaemon(runtime),
      ROUNDS,
    );
  } else {
    describe(`the kata driver, with ${runtime} of docker in its place,`, () => {
      it(`keeps the contract (not shown: ${missing})`, (context) => context.skip());
    });
  }
}

const real = process.env['AIRLOCK_TEST_KATA_RUNTIME'];
if (real === undefined) {
  describe('the kata driver', () => {
    it('keeps the contract (not shown: AIRLOCK_TEST_KATA_RUNTIME names no Kata)', (context) =>
      context.skip());
  });
} else {
  describeSandboxDriver(`kata (${real})`, () => onRealKata(real), ROUNDS);
}

async function onOwnDaemon(runtime: string): Promise<SandboxDriverSubject> {
  const daemon = await startDocker();
  try {
    const subject = await subjectOf({
      environment: { DOCKER_HOST: daemon.host },
      unproven: { engine: 'docker', binary: daemon.binary, runtime },
    });
    return withDaemon(subject, daemon, runtime);
  } catch (error) {
    await daemon[Symbol.asyncDispose]();
    throw error;
  }
}

function withDaemon(
  subject: SandboxDriverSubject,
  daemon: DockerDaemon,
  runtime: string,
): SandboxDriverSubject {
  return {
    ...subject,
    notShown: (name) => NOT_SHOWN[runtime]?.[name],
    probes: {
      ...subject.probes,
      leftovers: async () => [...(await subject.probes.leftovers()), ...(await daemon.left())],
      breakCreate: () => daemon.failing('start'),
    },
    async teardown() {
      await subject.teardown();
      await daemon[Symbol.asyncDispose]();
    },
  };
}

/** On the host's own engine. */
async function onRealKata(runtime: string): Promise<SandboxDriverSubject> {
  const host = process.env['DOCKER_HOST'];
  return await subjectOf({
    environment: { AIRLOCK_KATA_RUNTIME: runtime, ...(host === undefined ? {} : { DOCKER_HOST: host }) },
  });
}

async function subjectOf(options: Parameters<typeof openKataWorld>[0]): Promise<SandboxDriverSubject> {
  const world = await openKataWorld(options);
  return {
    driver: world.driver,
    image: world.image,
    readOnlyRoot: true,
    probes: {
      killSandbox: (handle) => world.killSandbox(handle),
      leftovers: () => world.leftovers(),
      reopen: () => world.reopen(),
    },
    teardown: async () => world[Symbol.asyncDispose](),
  };
}
