import { z } from 'zod';
import { defineCommand } from './define.ts';
import { actionName } from './params.ts';

export const cancelCommand = defineCommand({
  name: 'cancel',
  summary: 'Take back what you asked for, or end its running command',
  grammar: {
    positionals: [
      {
        name: 'id',
        summary: 'The id on the card, or a unique prefix',
        optional: false,
        completes: { from: 'cancellable' },
      },
    ],
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
