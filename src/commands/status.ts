import { z } from 'zod';
import { defineCommand } from './define.ts';
import { resolveAgent } from '../orchestrator/resolve.ts';
import { agentName } from './params.ts';
import { agentPositional } from './positionals.ts';

/** Shown of what an agent did last. */
const LAST_ACTIONS = 5;

export const statusCommand = defineCommand({
  name: 'status',
  summary: 'Show the state, limits and usage of an agent',
  grammar: {
    positionals: [agentPositional('any')],
    options: [],
    rest: null,
  },
  role: 'viewer',
  effect: 'query',
  opens: null,
  visibility: 'private',
  examples: ['status box'],
  params: z.object({ agent: agentName }),
  async run({ agent: asked }, { store, agents, clock }) {
    const agent = await resolveAgent(store, asked);
    const running = agent.status === 'RUNNING' || agent.status === 'PAUSED';
    const [history, actions, usage] = await Promise.all([
      store.statusHistory({ agentId: agent.id }),
      store.actions({ agentId: agent.id, limit: LAST_ACTIONS }),
      running ? agents.usage(agent.id) : null,
    ]);
    return { type: 'answer', answer: { kind: 'status', agent, history, usage, actions, now: clock.now() } };
  },
});
