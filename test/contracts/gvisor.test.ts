import { describe, it } from 'vitest';
import { openGvisorWorld, runscBinaries, whyNoGvisor } from '../fixtures/gvisor-world.ts';
import { describeSandboxDriver } from './sandbox-driver.ts';

const missing = await whyNoGvisor();

if (missing !== null) {
  describe('the gvisor driver', () => {
    it(`keeps the contract (not shown: ${missing})`, (context) => context.skip());
  });
}

/** About a third of a second each: in full on the runsc that this host uses, in short on every further one. */
const ROUNDS = 200;
const ROUNDS_OF_A_FURTHER_RUNSC = 20;

for (const [index, binary] of (missing === null ? await runscBinaries() : []).entries()) {
  describeSandboxDriver(
    `gvisor (${binary})`,
    async () => {
      const world = await openGvisorWorld(binary);
      return {
        driver: world.driver,
        image: world.image,
        probes: {
          killSandbox: (handle) => world.killSandbox(handle),
          leftovers: () => world.leftovers(),
          reopen: () => world.reopen(),
        },
        teardown: async () => world[Symbol.asyncDispose](),
      };
    },
    { rounds: index === 0 ? ROUNDS : ROUNDS_OF_A_FURTHER_RUNSC, sideBySide: true },
  );
}
