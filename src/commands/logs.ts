import { z } from 'zod';
import { requireOutputAccess } from './access.ts';
import { defineCommand } from './define.ts';
import { resolveAgent } from '../orchestrator/resolve.ts';
import { agentName } from './params.ts';
import { agentPositional } from './positionals.ts';

const LAST_COMMANDS = 20;

export const logsCommand = defineCommand({
  name: 'logs',
  summary: `Show the last ${LAST_COMMANDS} commands of an agent with their output`,
  grammar: {
    positionals: [agentPositional('any')],
    options: [],
    rest: null,
  },
  role: 'viewer',
  effect: 'query',
  opens: null,
  visibility: 'private',
  examples: ['logs box'],
  params: z.object({ agent: agentName }),
  async run({ agent: asked }, { actor, thread, store, agents }) {
    const agent = await resolveAgent(store, asked);
    requireOutputAccess(actor, thread, agent);
    const newestFirst = await store.actions({
      agentId: agent.id,
      kinds: ['agent.exec'],
      limit: LAST_COMMANDS,
    });
    const entries = [];
    for (const action of newestFirst.toReversed()) {
      const kept = action.result?.exec?.outputFile ?? null;
      entries.push({ action, output: kept === null ? null : await agents.keptOutput(action.id) });
    }
    return { type: 'answer', answer: { kind: 'logs', agent, entries } };
  },
});
