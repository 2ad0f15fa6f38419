import { z } from 'zod';
import type { AgentStatus } from '../model/agent.ts';
import { defineCommand } from './define.ts';
import { agentName } from './params.ts';
import { agentPositional } from './positionals.ts';

export const pauseCommand = move('pause', 'Freeze an agent and its clocks', ['RUNNING']);
export const resumeCommand = move('resume', 'Let a paused agent go on', ['PAUSED']);

function move(name: 'pause' | 'resume', summary: string, statuses: readonly AgentStatus[]) {
  return defineCommand({
    name,
    summary,
    grammar: {
      positionals: [agentPositional(statuses)],
      options: [],
      rest: null,
    },
    role: 'operator',
    effect: 'action',
    opens: null,
    visibility: 'thread',
    examples: [`${name} box`],
    params: z.object({ agent: agentName }),
    run: ({ agent }) => ({ type: 'action', draft: { kind: `agent.${name}`, params: { agent } } }),
  });
}
