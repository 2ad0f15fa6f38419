import { z } from 'zod';
import { defineCommand } from './define.ts';

/** The root command alone. It is not listed: its name is no name. */
export const menuCommand = defineCommand({
  name: 'menu',
  summary: 'Show what you may do here',
  grammar: { positionals: [], options: [], rest: null },
  role: 'stranger',
  effect: 'query',
  opens: null,
  visibility: 'private',
  examples: [],
  params: z.object({}),
  run: (_, { actor, root }) => ({ type: 'answer', answer: { kind: 'menu', root, role: actor.role } }),
});
