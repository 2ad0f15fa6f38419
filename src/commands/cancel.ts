import { z } from 'zod';
import { defineCommand } from './define.ts';
import { actionName } from './params.ts';
import { actionPositional } from './positionals.ts';

export const cancelCommand = defineCommand({
  name: 'cancel',
  summary: 'Take back what you asked for, or end its running command',
  grammar: {
    positionals: [actionPositional('cancellable')],
    options: [],
    rest: null,
  },
  role: 'operator',
  effect: 'vote',
  opens: null,
  visibility: 'private',
  examples: ['cancel k3x9'],
  params: z.object({ id: actionName }),
  run: ({ id }) => ({ type: 'cancel', actionId: id }),
});
