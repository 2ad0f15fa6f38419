import { z } from 'zod';
import { defineCommand } from './define.ts';
import { agentName, durationMs } from './params.ts';
import { agentPositional } from './positionals.ts';

export const execCommand = defineCommand({
  name: 'exec',
  summary: 'Run a command line inside an agent',
  grammar: {
    positionals: [agentPositional(['RUNNING'])],
    options: [
      {
        name: 'timeout',
        summary: 'Kill the command after',
        value: '30s',
        completes: { from: 'values', values: ['10s', '30s', '5m', '1h'] },
      },
    ],
    rest: {
      name: 'command',
      summary: 'Given to sh -c in the agent exactly as typed',
      optional: false,
      kind: 'command-line',
    },
  },
  role: 'operator',
  effect: 'action',
  opens: null,
  visibility: 'thread',
  examples: ['exec box -- ls -la', 'exec box --timeout 5m -- make test', 'exec box echo "as typed"'],
  params: z.object({
    agent: agentName,
    timeout: durationMs('--timeout').optional(),
    command: z.string().min(1, 'a command line is missing'),
  }),
  run({ agent, timeout, command }) {
    return {
      type: 'action',
      draft: {
        kind: 'agent.exec',
        params: { agent, command, ...(timeout === undefined ? {} : { timeoutMs: timeout }) },
      },
    };
  },
});
