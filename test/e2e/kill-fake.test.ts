import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { createFakeDriver } from '../../src/sandboxes/fake/fake-driver.ts';
import type { SandboxDriver } from '../../src/sandboxes/sandbox.ts';
import { startBot } from '../fixtures/bot-under-test.ts';
import {
  decidedByOthers,
  nothingLeftBehind,
  nothingLost,
  nothingTwice,
  quiet,
  withStore,
} from '../fixtures/crash-checks.ts';
import { createCrashStory } from '../fixtures/crash-story.ts';
import { createPlatform } from '../fixtures/platform.ts';
import { type Random, seededRandom } from '../fixtures/random.ts';

/** `AIRLOCK_TEST_KILLS` asks for more, `AIRLOCK_TEST_SEED` for one story again. */
const ROUNDS = Number(process.env['AIRLOCK_TEST_KILLS'] ?? 40);
const SEED = Number(process.env['AIRLOCK_TEST_SEED'] ?? 20_261_122);
/** A bot dies after so many calls on platform and sandbox host, or when all is answered: told by work, not by a clock, so that a slow machine tells the same story. */
const LONGEST_LIFE_CALLS = 40;
/** So long without a call means that what is left waits for a command that runs for ever. */
const QUIET_MS = 800;
/** From then to the kill at most, so that kills fall between calls too. */
const LONGEST_DELAY_MS = 20;

it(`keeps its promises when killed at ${ROUNDS} random instants (seed ${SEED})`, {
  timeout: 280_000,
}, async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'airlock-kill-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const random = seededRandom(SEED);
  const platform = createPlatform(seededRandom(SEED + 1));
  const executed: string[] = [];
  const world = recording(createFakeDriver({ type: 'gvisor' }), executed, seededRandom(SEED + 2));
  const story = createCrashStory(random, platform);

  for (let round = 0; round < ROUNDS; round += 1) {
    const bot = await startBot({ dataDir, platform, driver: world });
    const [calls, delayMs] = [random.below(LONGEST_LIFE_CALLS), random.below(LONGEST_DELAY_MS)];
    const cutOff = bot.worked(calls, QUIET_MS);
    await Promise.race([story.act(bot, 1 + random.below(6)), cutOff]);
    await Promise.race([story.act(bot, 1 + random.below(4)), cutOff]);
    await setTimeout(delayMs);
    await bot.kill();
  }
  const last = await startBot({ dataDir, platform, driver: world });
  onTestFinished(() => last.kill());
  await quiet(dataDir);

  await withStore(dataDir, async (store) => {
    await nothingLost(store, story.steps, platform);
    nothingTwice(platform, executed);
    await decidedByOthers(store, story.steps);
    await nothingLeftBehind(store, world);
  });
  expect(story.steps.filter((step) => step.accepted).length).toBeGreaterThan(ROUNDS / 2);
  expect(executed.length, 'no command reached a sandbox: the story shows nothing').toBeGreaterThan(0);
  await last.stop();
});

/** A create answers this late at most, so that kills fall between the sandbox and its record. */
const SLOWEST_CREATE_MS = 60;

/** Writes down the token of every command that reaches the sandbox host, and takes time to create. */
function recording(driver: SandboxDriver, executed: string[], random: Random): SandboxDriver {
  return {
    ...driver,
    async create(...args) {
      const created = await driver.create(...args);
      await setTimeout(random.below(SLOWEST_CREATE_MS));
      return created;
    },
    exec(handle, request, sink, signal) {
      const line = 'shell' in request.command ? request.command.shell : '';
      const token = /token-\d+/.exec(line)?.[0];
      if (token !== undefined) executed.push(token);
      return driver.exec(handle, request, sink, signal);
    },
  };
}
