import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readInstallationId } from '../../src/store/sqlite/data-directory.ts';
import { type BotUnderTest, startBot } from '../fixtures/bot-under-test.ts';
import { nothingLeftBehind, nothingLost, nothingTwice, quiet, withStore } from '../fixtures/crash-checks.ts';
import { createCrashStory } from '../fixtures/crash-story.ts';
import { hostLeftovers } from '../fixtures/host-leftovers.ts';
import { noteDataDirectory } from '../fixtures/installations.ts';
import { createPlatform, type Platform } from '../fixtures/platform.ts';
import { seededRandom } from '../fixtures/random.ts';
import { driverOf, removeSandboxes } from '../fixtures/remove-sandboxes.ts';

/** `AIRLOCK_TEST_KILLS` asks for more, `AIRLOCK_TEST_SEED` for one story again. */
const ROUNDS = Number(process.env['AIRLOCK_TEST_KILLS'] ?? 10);
const SEED = Number(process.env['AIRLOCK_TEST_SEED'] ?? 20_261_122);
/** Creates, commands and stops on gVisor take 0.1 to 1 s: kills fall into every part of them. */
const LONGEST_LIFE_MS = 1500;

it(`keeps its promises on gVisor when killed at ${ROUNDS} random instants (seed ${SEED})`, {
  timeout: 290_000,
}, async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'airlock-kill-'));
  onTestFinished(async () => {
    await noteDataDirectory(dataDir);
    await removeSandboxes(dataDir);
    await rm(dataDir, { recursive: true, force: true });
  });
  const random = seededRandom(SEED);
  const platform = createPlatform();
  const story = createCrashStory(random, platform);

  for (let round = 0; round < ROUNDS; round += 1) {
    const bot = await startBot({ dataDir, platform, driver: null });
    const dies = new Promise<void>((resolve) => setTimeout(resolve, random.below(LONGEST_LIFE_MS))).then(() =>
      bot.kill(),
    );
    await story.act(bot, 1 + random.below(5));
    await dies;
  }
  const last = await startBot({ dataDir, platform, driver: null, env: { AIRLOCK_ON_EXIT: 'stop' } });
  onTestFinished(() => last.kill());
  await quiet(dataDir);

  const executed = await tokensInSandboxes(last, dataDir, platform);
  await quiet(dataDir);
  const installationId = (await readInstallationId(dataDir)) ?? '';
  await withStore(dataDir, async (store) => {
    await nothingLost(store, story.steps, platform);
    nothingTwice(platform, executed);
    await nothingLeftBehind(store, await driverOf(dataDir));
  });
  expect(story.steps.filter((step) => step.accepted).length).toBeGreaterThan(ROUNDS / 2);

  await last.stop();
  expect(await hostLeftovers({ dataDir, installationId })).toEqual([]);
});

/** What the commands wrote, read through the bot by each agent's owner. */
async function tokensInSandboxes(bot: BotUnderTest, dataDir: string, platform: Platform): Promise<string[]> {
  const paused = await withStore(dataDir, (store) => store.agents({ statuses: ['PAUSED'] }));
  for (const agent of paused) await ask(bot, agent.ownerPerson, `resume ${agent.name}`).outcome;
  const running = await withStore(dataDir, (store) => store.agents({ statuses: ['RUNNING'] }));
  const tokens: string[] = [];
  for (const agent of running) {
    const asked = ask(bot, agent.ownerPerson, `exec ${agent.name} -- cat /workspace/log 2>/dev/null; true`);
    const outcome = await asked.outcome;
    const card = platform.messages.find((message) =>
      message.key.endsWith(`action:${outcome?.actionId}`),
    )?.card;
    expect(
      outcome?.ok,
      `cannot read the log of ${agent.name}: ${JSON.stringify([...asked.answers, card])}`,
    ).toBe(true);
    tokens.push(...(card?.output?.text ?? '').split('\n').filter((line) => line.startsWith('token-')));
  }
  return tokens;
}

let asked = 0;
function ask(bot: BotUnderTest, owner: string, text: string) {
  asked += 1;
  // A persona's person is named after its principal.
  const person = owner.replace(/^terminal:/, '');
  return bot.ask({
    deliveryId: `reader-${asked}`,
    principal: 'terminal:local',
    displayName: person,
    groups: [],
    thread: { channel: 'terminal', space: 'local', room: 'local', thread: null },
    text,
    persona: { id: person, role: 'admin' },
  });
}
