import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** One project a kind of test; those that drive real sandboxes run one file at a time: they share this host. */
const project = (name: string, timeoutMs: number, parallel: boolean) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    fileParallelism: parallel,
    pool: 'forks' as const,
  },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', 10_000, true),
      project('repo', 20_000, true),
      project('contracts', 120_000, false),
      project('integration', 120_000, false),
      project('e2e', 300_000, false),
    ],
    // Vitest's default leaves one core to itself, which on two cores is half of the machine.
    maxWorkers: availableParallelism(),
    reporters: ['default'],
  },
});
