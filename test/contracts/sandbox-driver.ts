/**
 * The contract of the SandboxDriver port, run on every driver. A driver's own test file calls
 * `describeSandboxDriver` with a setup; what a driver cannot show is skipped with the reason, never passed.
 */
import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import type { SandboxDriverSetup } from './sandbox/kit.ts';
import { createKit } from './sandbox/kit.ts';
import { describeCommandEnds } from './sandbox/command-ends.ts';
import { describeCommands } from './sandbox/commands.ts';
import { describeIsolation } from './sandbox/isolation.ts';
import { describeLifecycle } from './sandbox/lifecycle.ts';
import { describeLimits } from './sandbox/limits.ts';
import { describeNothingLeft } from './sandbox/nothing-left.ts';

/**
 * `setup` runs once before the cases; its `teardown` once after them. `rounds` of create, exec and stop: see nothing-left.ts.
 * `sideBySide`: cases run two at a time, default one.
 */
export function describeSandboxDriver(
  name: string,
  setup: SandboxDriverSetup,
  { rounds, sideBySide = false }: { rounds?: number; sideBySide?: boolean } = {},
): void {
  describe(`the ${name} driver`, () => {
    const kit = createKit();
    beforeAll(async () => kit.open(await setup()));
    afterAll(() => kit.close());
    beforeEach((context) => {
      const reason = kit.subject.notShown?.(context.task.name);
      if (reason !== undefined) context.skip(reason);
    });

    // Each case has a sandbox of its own, and most of its time is waiting.
    describe('each in a sandbox of its own', { concurrent: sideBySide }, () => {
      describeLifecycle(kit);
      describeCommands(kit);
      describeCommandEnds(kit);
      describeIsolation(kit);
    });
    // What is measured, and what must be all there is, has the driver to itself.
    describe('alone', () => {
      describeLimits(kit);
      describeNothingLeft(kit, rounds, sideBySide ? 2 : 1);
    });
  });
}
