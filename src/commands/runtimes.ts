import { z } from 'zod';
import { defineCommand } from './define.ts';

export const runtimesCommand = defineCommand({
  name: 'runtimes',
  summary: 'Show the sandbox runtimes of this host, their versions and the capacity',
  grammar: { positionals: [], options: [], rest: null },
  role: 'viewer',
  effect: 'query',
  opens: null,
  visibility: 'private',
  examples: ['runtimes'],
  params: z.object({}),
  run: async (_, { agents }) => ({
    type: 'answer',
    answer: { kind: 'runtimes', info: await agents.info() },
  }),
});
