import { createApp } from '../src/app.ts';
import type { Card } from '../src/conversation/card.ts';
import type { Channel, Inbox } from '../src/conversation/channel.ts';
import type { ThreadRef } from '../src/model/thread.ts';
import { benchConfig } from './bench-config.ts';

const ROOM: ThreadRef = { channel: 'terminal', space: 'local', room: 'local', thread: null };

/** A whole bot on real gVisor in a directory of its own, behind a channel that keeps nothing. */
export interface BenchBot extends AsyncDisposable {
  dataDir: string;
  /** Types a command; throws when it did not come out well. Milliseconds until it was settled and its cards were posted. */
  ask(text: string): Promise<number>;
}

export async function startBenchBot(): Promise<BenchBot> {
  await using opened = new AsyncDisposableStack();
  const { config } = await benchConfig(opened);
  let inbox: Inbox | null = null;
  let posted = 0;
  const channel: Channel = {
    name: 'terminal',
    limits: {
      postsPerMinute: 1e9,
      editsPerMinute: 1e9,
      postsPerRoomPerMinute: Number.POSITIVE_INFINITY,
      editIntervalMs: 0,
      outputCharacters: 4000,
      codeCharacters: Number.POSITIVE_INFINITY,
      threads: false,
    },
    start: async (given) => void (inbox = given),
    stop: async () => {},
    post: async (thread) => ({ thread, messageId: `m${++posted}` }),
    openThread: async (ref) => ref.thread,
    update: async () => {},
    upload: async (ref, _file, key) => ({ thread: ref, messageId: key }),
    health: () => ({ state: 'up', detail: null, since: 0 }),
    onHealth: () => ({ [Symbol.dispose]: () => {} }),
  };
  const app = createApp(config, { channels: [channel] });
  opened.defer(() => app.stop());
  await app.start();
  const all = opened.move();
  let asked = 0;
  return {
    dataDir: config.dataDir,
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
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
