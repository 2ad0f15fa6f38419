import { z } from 'zod';
import { isEntitled } from '../orchestrator/entitlement.ts';
import { resolveAction } from '../orchestrator/resolve.ts';
import { requireOutputAccess } from './access.ts';
import { defineCommand } from './define.ts';
import { actionName } from './params.ts';
import { actionPositional } from './positionals.ts';

export const viewCommand = defineCommand({
  name: 'view',
  summary: 'Show an action whole: what runs to the last character, and the output that is kept',
  grammar: {
    positionals: [actionPositional('approvals')],
    options: [],
    rest: null,
  },
  role: 'viewer',
  effect: 'query',
  opens: null,
  visibility: 'private',
  examples: ['view k3x9'],
  params: z.object({ id: actionName }),
  async run({ id }, { actor, thread, store }) {
    const action = await resolveAction(store, id);
    const agent = action.agentId === null ? null : await store.agent(action.agentId);
    const mine = action.requesterPerson === actor.personId;
    // Who decides sees what it is about; there is no output yet.
    const decides =
      action.status === 'PENDING' && action.approval !== null && isEntitled(actor, action.approval);
    if (agent !== null && !mine && !decides) requireOutputAccess(actor, thread, agent);
    return { type: 'view', action };
  },
});
