import path from 'node:path';
import { describe, it } from 'vitest';
import { nerdctlBinaries, startContainerd, whyNoContainerd } from '../fixtures/containerd-daemon.ts';
import { startDocker, whyNoDocker } from '../fixtures/docker-daemon.ts';
import { openKataWorld } from '../fixtures/kata-world.ts';
import type { EngineDaemon } from '../fixtures/own-daemon.ts';
import { describeSandboxDriver } from './sandbox-driver.ts';
import type { SandboxDriverSetup, SandboxDriverSubject } from './sandbox/kit.ts';

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

const NO_HOST_NAME = 'not shown: nerdctl 1 gives no host name to what has no network';
const NOT_SHOWN_BY_NERDCTL_1: Readonly<Record<string, string>> = {
  'keeps sandboxes apart whose ids differ in the last character only': NO_HOST_NAME,
  'tells a command its agent by AIRLOCK_AGENT and its sandbox by the host name': NO_HOST_NAME,
  'creates four at once and removes four at once': NO_HOST_NAME,
};

const NOT_SHOWN_BY_NERDCTL: typeof NOT_SHOWN = {
  'runsc-test': {
    'survives a fork bomb: at the timeout every process of it is gone':
      'not shown: nerdctl gives a helper every capability it knows, and this runsc refuses those it does not',
  },
};

for (const runtime of ['runsc-test', 'runc']) {
  const missing = await whyNoDocker(runtime);
  describeOwn(`${runtime} of docker`, missing, async () =>
    onOwn(await startDocker(), { engineRuntime: runtime, notShown: NOT_SHOWN[runtime] }),
  );
}

for (const binary of nerdctlBinaries()) {
  for (const runtime of ['runsc-test', 'runc']) {
    describeOwn(`${runtime} of ${path.basename(binary)}`, await whyNoContainerd(runtime), async () => {
      const daemon = await startContainerd(binary);
      const ofItsAge = daemon.version.startsWith('1.') ? NOT_SHOWN_BY_NERDCTL_1 : {};
      return onOwn(daemon, {
        engineRuntime: daemon.runtime(runtime),
        notShown: { ...NOT_SHOWN[runtime], ...NOT_SHOWN_BY_NERDCTL[runtime], ...ofItsAge },
      });
    });
  }
}
if (nerdctlBinaries().length === 0) describeOwn('runc of nerdctl', await whyNoContainerd(), null);

const real = process.env['AIRLOCK_TEST_KATA_RUNTIME'];
if (real === undefined) {
  describe('the kata driver', () => {
    it('keeps the contract (not shown: AIRLOCK_TEST_KATA_RUNTIME names no Kata)', (context) =>
      context.skip());
  });
} else {
  describeSandboxDriver(`kata (${real})`, () => onRealKata(real), { rounds: ROUNDS });
}

/** Without a setup, or with what is missing for it, the suite is skipped with the reason. */
function describeOwn(what: string, missing: string | null, setup: SandboxDriverSetup | null): void {
  if (missing === null && setup !== null) {
    describeSandboxDriver(`kata, with ${what} in its place,`, setup, { rounds: ROUNDS });
    return;
  }
  describe(`the kata driver, with ${what} in its place,`, () => {
    it(`keeps the contract (not shown: ${missing})`, (context) => context.skip());
  });
}

async function onOwn(
  daemon: EngineDaemon,
  given: {
    /** What the engine calls it. */
    engineRuntime: string;
    notShown: Readonly<Record<string, string>> | undefined;
  },
): Promise<SandboxDriverSubject> {
  const { engine, binary } = daemon;
  try {
    const subject = await subjectOf({
      environment: daemon.environment,
      unproven: { engine, binary, runtime: given.engineRuntime },
    });
    return withDaemon(subject, daemon, given.notShown ?? {});
  } catch (error) {
    await daemon[Symbol.asyncDispose]();
    throw error;
  }
}

function withDaemon(
  subject: SandboxDriverSubject,
  daemon: EngineDaemon,
  notShown: Readonly<Record<string, string>>,
): SandboxDriverSubject {
  return {
    ...subject,
    notShown: (name) => notShown[name],
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
