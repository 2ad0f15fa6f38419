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
  async run(_, { actor, orchestrator, clock }) {
    const items = await orchestrator.approvalsFor(actor);
    return { type: 'answer', answer: { kind: 'approvals', items, now: clock.now() } };
  },
});
