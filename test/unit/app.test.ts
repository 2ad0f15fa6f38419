import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { type AppParts, createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Card, Channel } from '../../src/conversation/channel.ts';
import { AppError } from '../../src/errors.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import type { PrincipalId } from '../../src/model/principal.ts';
import { createFakeDriver } from '../../src/sandboxes/fake/fake-driver.ts';
import { openDataDirectory } from '../../src/store/sqlite/data-directory.ts';
import { createFakeChannel, type FakeChannel } from '../fakes/fake-channel.ts';
import { temporaryDirectory } from '../fixtures/temporary-directory.ts';

/** A channel that only counts; `broken` refuses to start. */
function countingChannel(broken = false) {
  const calls: string[] = [];
  const channel: Channel = {
    name: 'terminal',
    limits: {
      postsPerMinute: 60,
      editsPerMinute: 60,
      postsPerRoomPerMinute: Number.POSITIVE_INFINITY,
      editIntervalMs: 0,
      outputCharacters: 1000,
      codeCharacters: Number.POSITIVE_INFINITY,
      threads: false,
    },
    async start() {
      calls.push('start');
      if (broken) throw new AppError('CHANNEL_PERMANENT', 'the platform refused the token');
    },
    async stop() {
      calls.push('stop');
    },
    post: async (thread) => ({ thread, messageId: '1' }),
    openThread: async (message) => message.thread,
    update: async () => {},
    upload: async (ref, _file, key) => ({ thread: ref, messageId: key }),
    health: () => ({ state: 'up', detail: null, since: 0 }),
    onHealth: () => ({ [Symbol.dispose]: () => {} }),
  };
  return { channel, calls };
}

async function makeApp(
  dataDir: string,
  channel: Channel,
  env: Record<string, string> = {},
  parts: Partial<AppParts> = {},
) {
  const config = await loadConfig({ env: { AIRLOCK_DATA_DIR: dataDir, ...env }, cwd: dataDir });
  const overrides = { log: silentLogger, drivers: [createFakeDriver()], channels: [channel], ...parts };
  return createApp(config, overrides);
}

/** Asks as a person of the terminal does; the private answers. */
async function ask(
  channel: FakeChannel,
  text: string,
  principal: PrincipalId = 'terminal:local',
): Promise<Card[]> {
  const answers: Card[] = [];
  const accepted = await channel.inbox?.command(
    {
      deliveryId: `${principal} ${text}`,
      principal,
      displayName: principal,
      groups: [],
      thread: { channel: 'terminal', space: 'local', room: 'main', thread: null },
      text,
    },
    { private: async (card) => void answers.push(card), form: async () => {} },
  );
  await accepted?.settled;
  return answers;
}

function agentCard(channel: FakeChannel): Card | undefined {
  return channel.messages.findLast(({ card }) => card.title === 'Agent box')?.card;
}

describe('createApp', () => {
  test('starts once and stops once, however often and at once it is asked', async () => {
    await using directory = await temporaryDirectory();
    const { channel, calls } = countingChannel();
    const app = await makeApp(directory.path, channel);

    await Promise.all([app.start(), app.start()]);
    await Promise.all([app.stop(), app.stop()]);
    await app.stop();

    expect(calls).toEqual(['start', 'stop']);
  });

  test('stops without having been started, and does not start after', async () => {
    await using directory = await temporaryDirectory();
    const { channel, calls } = countingChannel();
    const app = await makeApp(directory.path, channel);

    await app.stop();

    await expect(app.start()).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(calls).toEqual([]);
  });

  test('a start that fails says why and gives everything back', async () => {
    await using directory = await temporaryDirectory();
    const app = await makeApp(directory.path, countingChannel(true).channel);

    await expect(app.start()).rejects.toThrow('the platform refused the token');
    await app.stop();

    const again = await openDataDirectory(directory.path);
    await again.close();
  });

  test('a stop during the start waits for it and closes what it opened', async () => {
    await using directory = await temporaryDirectory();
    const { channel, calls } = countingChannel();
    const app = await makeApp(directory.path, channel);

    const starting = app.start();
    await app.stop();

    await starting;
    expect(calls).toEqual(['start', 'stop']);
    const again = await openDataDirectory(directory.path);
    await again.close();
  });

  test('tells the team in the room of the configuration, on the platforms that are open', async () => {
    await using directory = await temporaryDirectory();
    const channel = createFakeChannel({ name: 'slack' });
    const app = await makeApp(directory.path, channel, {
      SLACK_BOT_TOKEN: 'xoxb-1',
      SLACK_APP_TOKEN: 'xapp-1',
      AIRLOCK_SLACK_CHANNEL: 'C1',
      AIRLOCK_DISCORD_CHANNEL: '77',
    });
    await app.start();
    await app.stop();
    const room = { channel: 'slack', space: '', room: 'C1', thread: null };
    expect(channel.messages).toMatchObject([
      { card: { title: expect.stringContaining('Audit head') as string } },
    ]);
    expect(channel.calls).toMatchObject([{ thread: room }]);
  });

  test('takes skills from whoever makes it: what one requires is on the card, in the payload and in the agent', async () => {
    await using directory = await temporaryDirectory();
    await writeFile(
      join(directory.path, 'airlock.yaml'),
      'rules: [{ kind: agent.create, level: high, reason: asked about }]',
    );
    const channel = createFakeChannel({ name: 'terminal' });
    const app = await makeApp(
      directory.path,
      channel,
      { AIRLOCK_ADMINS: 'terminal:local,terminal:bob' },
      {
        drivers: [createFakeDriver({ type: 'gvisor' }), createFakeDriver({ type: 'kata' })],
        skills: [
          { id: 'kernel-modules', summary: 'Build kernel modules', requires: { sandboxType: 'kata' } },
        ],
      },
    );
    await app.start();

    const refused = await ask(channel, 'create no --skill kernel-modules --sandbox gvisor');
    await ask(channel, 'create box --skill kernel-modules');
    const asked = channel.messages.find(({ card }) => card.title === 'create box')?.card;
    const id = asked?.buttons.find((button) => button.id === 'approve')?.subject ?? '';
    await ask(channel, `approve ${id}`, 'terminal:bob');
    await vi.waitFor(() => expect(agentCard(channel)?.state?.label).toBe('RUNNING'));
    await app.stop();

    expect(refused[0]?.title).toContain('needs a kata sandbox, and "gvisor" was asked for');
    const fields = [
      { label: 'Sandbox', value: 'kata' },
      { label: 'Skill', value: 'kernel-modules' },
    ];
    expect(asked?.fields).toEqual(expect.arrayContaining(fields));
    expect(JSON.parse(asked?.code?.text ?? '')).toMatchObject({
      sandboxType: 'kata',
      params: { skillId: 'kernel-modules' },
    });
    expect(agentCard(channel)?.fields).toEqual(expect.arrayContaining(fields));
  });

  test('a second app on the same data directory is refused', async () => {
    await using directory = await temporaryDirectory();
    const first = await makeApp(directory.path, countingChannel().channel);
    await first.start();

    const second = await makeApp(directory.path, countingChannel().channel);

    await expect(second.start()).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
    await first.stop();
  });

  test('a configured channel that does not exist is an error before anything is opened', async () => {
    await using directory = await temporaryDirectory();
    const dataDir = join(directory.path, 'data');
    const config = await loadConfig({
      env: { AIRLOCK_DATA_DIR: dataDir },
      cwd: directory.path,
    });
    const app = createApp({ ...config, channels: ['carrier-pigeon'] }, { log: silentLogger });

    await expect(app.start()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const untouched = await openDataDirectory(dataDir);
    await untouched.close();
  });
});
