import { z } from 'zod';
import { defineCommand } from './define.ts';
import { flag } from './params.ts';

/** Ended agents beyond these are found by `status` and the audit. */
const MAX_LISTED = 50;

export const listCommand = defineCommand({
  name: 'list',
  summary: 'List the live agents',
  grammar: {
    positionals: [],
    options: [
      { name: 'all', summary: 'Ended agents too', value: null, completes: null },
      { name: 'mine', summary: 'Only your own', value: null, completes: null },
    ],
    rest: null,
  },
  role: 'viewer',
  effect: 'query',
  opens: null,
  visibility: 'private',
  examples: ['list', 'list --all', 'list --mine'],
  params: z.object({ all: flag, mine: flag }),
  async run({ all, mine }, { actor, root, store, clock }) {
    const agents = await store.agents({
      ...(all ? { limit: MAX_LISTED } : { live: true }),
      ...(mine ? { ownerPerson: actor.personId } : {}),
    });
    return { type: 'answer', answer: { kind: 'agents', root, agents, all, mine, now: clock.now() } };
  },
});
