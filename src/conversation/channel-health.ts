import type { Logger } from '../lib/logger.ts';
import { channelHealthSetting } from '../model/channel-health.ts';
import type { Store } from '../store/store.ts';
import type { Channel, ChannelHealth } from './channel.ts';

export interface HealthWatch {
  /** Notes how every channel stands now and from here on. Twice is once. */
  start(): void;
  /** The channels are closed next, as intended: what they say of it is noted and no warning. */
  closing(): void;
  /** Listens no more; resolves when the last state is in the store. Twice is once. */
  stop(): Promise<void>;
}

/**
 * Keeps the last health of every channel in the store, for `doctor` and `/agent runtimes`, and logs its changes. A store that
 * fails costs the note, not the channel.
 */
export function createHealthWatch(deps: {
  store: Pick<Store, 'transaction'>;
  channels: readonly Channel[];
  log: Logger;
}): HealthWatch {
  const { store, channels, log } = deps;
  /** Not written yet, by channel: of several changes in a row only the last counts. */
  const unwritten = new Map<string, ChannelHealth>();
  let writing: Promise<void> | null = null;
  let subscriptions: DisposableStack | null = null;
  let isClosing = false;

  function note(channel: string, health: ChannelHealth): void {
    unwritten.set(channel, health);
    writing ??= write().finally(() => {
      writing = null;
    });
  }

  async function write(): Promise<void> {
    while (unwritten.size > 0) {
      const batch = [...unwritten];
      unwritten.clear();
      try {
        await store.transaction(async (tx) => {
          for (const [channel, health] of batch) {
            await tx.setSetting(channelHealthSetting(channel), JSON.stringify(health));
          }
        });
      } catch (error) {
        log.error({ err: error }, 'the health of a channel could not be noted');
      }
    }
  }

  function tell(channel: string, health: ChannelHealth): void {
    const facts = { channel, state: health.state, detail: health.detail };
    const bad = !isClosing && (health.state === 'down' || health.state === 'degraded');
    if (bad) log.warn(facts, 'channel health changed');
    else log.info(facts, 'channel health changed');
    note(channel, health);
  }

  return {
    start() {
      if (subscriptions !== null) return;
      subscriptions = new DisposableStack();
      isClosing = false;
      for (const channel of channels) {
        subscriptions.use(channel.onHealth((health) => tell(channel.name, health)));
        // What an earlier life left must not be taken for the present.
        note(channel.name, channel.health());
      }
    },
    closing() {
      isClosing = true;
    },
    async stop() {
      subscriptions?.dispose();
      subscriptions = null;
      await writing;
    },
  };
}
