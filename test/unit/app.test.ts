import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Channel } from '../../src/conversation/channel.ts';
import { AppError } from '../../src/errors.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { createFakeDriver } from '../../src/sandboxes/fake/fake-driver.ts';
import { openDataDirectory } from '../../src/store/sqlite/data-directory.ts';
import { createFakeChannel } from '../fakes/fake-channel.ts';
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

async function makeApp(dataDir: string, channel: Channel, env: Record<string, string> = {}) {
  const config = await loadConfig({ env: { AIRLOCK_DATA_DIR: dataDir, ...env }, cwd: dataDir });
  return createApp(config, { log: silentLogger, drivers: [createFakeDriver()], channels: [channel] });
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
