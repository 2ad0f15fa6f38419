import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Not beside anything else: what measures how soon a hundred requests a second are acknowledged, and what has an engine start every sandbox. */
const ALONE = [
  'test/e2e/slack-load.test.ts',
  'test/e2e/slack-outages.test.ts',
  'test/contracts/kata.test.ts',
  'test/integration/kata-*.test.ts',
];

/** What makes no sandbox, as many files at a time as there are cores. */
const light = (name: string, timeoutMs: number, isolate: boolean) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    pool: 'forks' as const,
    isolate,
    // Vitest's default leaves one core to itself, which on two cores is half of the machine.
    maxWorkers: availableParallelism(),
  },
});

/**
 * What drives the whole product: a process for each file, two at a time, for they wait as much as they work. Each has an
 * installation of its own, and what one makes on this host no other sees or touches.
 */
const whole = (name: string, timeoutMs: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    exclude: ALONE,
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    pool: 'forks' as const,
    maxWorkers: 2,
    sequence: { groupOrder: 1 },
  },
});

export default defineConfig({
  test: {
    projects: [
      // No module of ours holds any state: files share a process, with all that is imported.
      light('unit', 10_000, false),
      light('repo', 20_000, false),
      // The platforms' own libraries do: Slack's changes how discord.js asks.
      light('platforms', 10_000, true),
      whole('contracts', 120_000),
      whole('integration', 120_000),
      whole('e2e', 300_000),
      {
        test: {
          name: 'alone',
          include: ALONE,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          pool: 'forks' as const,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
    // Cases of one driver's contract: each waits more than it works.
    maxConcurrency: 2,
    reporters: ['default'],
  },
});
