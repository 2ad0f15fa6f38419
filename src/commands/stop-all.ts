import { z } from 'zod';
import { requireRole } from './access.ts';
import { defineCommand } from './define.ts';
import { wholeNumber } from './params.ts';

/** Above every configurable capacity. */
const MOST_AGENTS = 10_000;

export const stopAllCommand = defineCommand({
  name: 'stop-all',
  summary: 'Stop every live agent; the number of them confirms it',
  grammar: {
    positionals: [
      {
        name: 'number',
        summary: 'How many agents are live; left out, you are told',
        optional: true,
        number: 'whole',
        completes: null,
      },
    ],
    options: [],
    rest: null,
  },
  role: 'admin',
  effect: 'action',
  opens: null,
  visibility: 'thread',
  examples: ['stop-all', 'stop-all 3'],
  params: z.object({ number: wholeNumber('stop-all', 0, MOST_AGENTS).optional() }),
  async run({ number }, { actor, root, store, orchestrator }) {
    if (number !== undefined) {
      return { type: 'action', draft: { kind: 'agent.stop-all', params: { confirm: number } } };
    }
    requireRole(actor, 'admin', 'stop-all');
    orchestrator.countQuery(actor);
    const agents = await store.agents({ live: true });
    return { type: 'answer', answer: { kind: 'stop-all', root, agents } };
  },
});
