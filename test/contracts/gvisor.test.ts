import { describe, it } from 'vitest';
import { openGvisorWorld, runscBinaries, whyNoGvisor } from '../fixtures/gvisor-world.ts';
import { describeSandboxDriver } from './sandbox-driver.ts';

const missing = await whyNoGvisor();

if (missing !== null) {
  describe('the gvisor driver', () => {
    it(`keeps the contract (not shown: ${missing})`, (context) => context.skip());
  });
}

for (const binary of missing === null ? await runscBinaries() : []) {
  describeSandboxDriver(`gvisor (${binary})`, async () => {
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
  });
}
