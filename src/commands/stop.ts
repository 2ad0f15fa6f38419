import { z } from 'zod';
import { defineCommand } from './define.ts';
import { agentName, flag } from './params.ts';
import { agentPositional } from './positionals.ts';

export const stopCommand = defineCommand({
  name: 'stop',
  summary: 'Stop an agent and take everything of it away',
  grammar: {
    positionals: [agentPositional(['CREATING', 'RUNNING', 'PAUSED', 'ERROR'])],
    options: [{ name: 'force', summary: 'Kill at once, no grace', value: null, completes: null }],
    rest: null,
  },
  role: 'operator',
  effect: 'action',
  opens: null,
  visibility: 'thread',
  examples: ['stop box', 'stop box --force'],
  params: z.object({ agent: agentName, force: flag }),
  run: ({ agent, force }) => ({
    type: 'action',
    draft: { kind: 'agent.stop', params: { agent, ...(force ? { force } : {}) } },
  }),
});
