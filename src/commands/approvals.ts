import { z } from 'zod';
import { defineCommand } from './define.ts';

export const approvalsCommand = defineCommand({
  name: 'approvals',
  summary: 'List what waits for an approval',
  grammar: { positionals: [], options: [], rest: null },
  role: 'viewer',
  effect: 'query',
  opens: null,
  visibility: 'private',
  examples: ['approvals'],
  params: z.object({}),
  async run(_, { actor, root, orchestrator, store, clock }) {
    const waiting = await orchestrator.approvalsFor(actor);
    const items = await Promise.all(
      waiting.map(async (item) => {
        const { agentId } = item.action;
        const agent = agentId === null ? null : await store.agent(agentId);
        return { ...item, agentName: agent?.name ?? null };
      }),
    );
    return { type: 'answer', answer: { kind: 'approvals', root, items, now: clock.now() } };
  },
});
