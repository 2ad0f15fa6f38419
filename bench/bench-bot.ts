import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createApp } from '../src/app.ts';
import { loadConfig } from '../src/config/load-config.ts';
import type { Card } from '../src/conversation/card.ts';
import type { Channel, Inbox } from '../src/conversation/channel.ts';
import type { ThreadRef } from '../src/model/thread.ts';

const ROOM: ThreadRef = { channel: 'terminal', space: 'local', room: 'local', thread: null };

/** A whole bot on real gVisor in a directory of its own, behind a channel that keeps nothing. */
export interface BenchBot extends AsyncDisposable {
  dataDir: string;
  /** Types a command; throws when it did not come out well. Milliseconds until it was settled and its cards were posted. */
  ask(text: string): Promise<number>;
}

export async function startBenchBot(env: Record<string, string> = {}): Promise<BenchBot> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'airlock-bench-'));
  let inbox: Inbox | null = null;
  let posted = 0;
  const channel: Channel = {
    name: 'terminal',
    limits: {
      postsPerMinute: 1e9,
      editsPerMinute: 1e9,
      editIntervalMs: 0,
      outputCharacters: 4000,
      threads: false,
    },
    start: async (given) => void (inbox = given),
    stop: async () => {},
    post: async (thread) => ({ thread, messageId: `m${++posted}` }),
    openThread: async (ref) => ref.thread,
    update: async () => {},
    upload: async () => {},
  };
  const policy = path.join(dataDir, 'airlock.yaml');
  const { writeFile } = await import('node:fs/promises');
  await writeFile(policy, 'limits: { maxAgents: 100, perPerson: 100, requestsPerMinute: 10000 }\n');
  const config = await loadConfig({
    env: {
      PATH: process.env['PATH'] ?? '',
      AIRLOCK_DATA_DIR: dataDir,
      AIRLOCK_CONFIG: policy,
      AIRLOCK_ON_EXIT: 'stop',
      ...env,
    },
    cwd: dataDir,
  });
  const app = createApp(config, { channels: [channel] });
  await app.start();
  let asked = 0;
  return {
    dataDir,
    async ask(text) {
      if (inbox === null) throw new Error('the bot has not started');
      const started = performance.now();
      const said: Card[] = [];
      const accepted = await inbox.command(
        {
          deliveryId: `b${++asked}`,
          principal: 'terminal:local',
          displayName: 'bench',
          groups: [],
          thread: ROOM,
          text,
        },
        { private: async (card) => void said.push(card), form: async () => {} },
      );
      const outcome = await accepted.settled;
      if (!outcome.ok)
        throw new Error(`${text}: ${said.map((card) => `${card.title} ${card.text.join(' ')}`).join('; ')}`);
      return performance.now() - started;
    },
    async [Symbol.asyncDispose]() {
      await app.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
