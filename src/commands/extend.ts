import { z } from 'zod';
import { defineCommand } from './define.ts';
import { agentName, durationMs } from './params.ts';
import { agentPositional } from './positionals.ts';

export const extendCommand = defineCommand({
  name: 'extend',
  summary: 'Give an agent more time before it is stopped',
  grammar: {
    positionals: [
      agentPositional(['RUNNING', 'PAUSED']),
      {
        name: 'duration',
        summary: 'From now; 8h when left out',
        optional: true,
        completes: { from: 'values', values: ['1h', '8h', '24h'] },
      },
    ],
    options: [],
    rest: null,
  },
  role: 'operator',
  effect: 'action',
  opens: null,
  visibility: 'thread',
  examples: ['extend box', 'extend box 2h'],
  params: z.object({ agent: agentName, duration: durationMs('extend').optional() }),
  run: ({ agent, duration }) => ({
    type: 'action',
    draft: {
      kind: 'agent.extend',
      params: { agent, ...(duration === undefined ? {} : { timeToLiveMs: duration }) },
    },
  }),
});
