import { z } from 'zod';
import { channelHealthSetting, readChannelHealth } from '../model/channel-health.ts';
import { defineCommand } from './define.ts';

/** `channels` are those configured; how each stands is what it last wrote down. */
export function createRuntimesCommand(channels: readonly string[]) {
  return defineCommand({
    name: 'runtimes',
    summary: 'Show the sandbox runtimes of this host, the capacity and the channels',
    grammar: { positionals: [], options: [], rest: null },
    role: 'viewer',
    effect: 'query',
    opens: null,
    visibility: 'private',
    examples: ['runtimes'],
    params: z.object({}),
    async run(_, { agents, store }) {
      const told = await Promise.all(
        channels.map(async (name) => ({
          name,
          health: readChannelHealth(await store.setting(channelHealthSetting(name))),
        })),
      );
      return { type: 'answer', answer: { kind: 'runtimes', info: await agents.info(), channels: told } };
    },
  });
}
