import { z } from 'zod';
import { defineCommand } from './define.ts';
import { actionName, note, word } from './params.ts';
import { actionPositional } from './positionals.ts';

export const approveCommand = defineCommand({
  name: 'approve',
  summary: 'Approve an action that waits',
  grammar: {
    positionals: [actionPositional('approvals')],
    options: [
      {
        name: 'hash',
        summary: 'The short hash on the card, typed by you (critical actions)',
        value: '1a2b-3c4d-5e6f',
        completes: null,
      },
    ],
    rest: { name: 'note', summary: 'Kept with the vote', optional: true, kind: 'text' },
  },
  role: 'approver',
  effect: 'vote',
  opens: null,
  visibility: 'private',
  examples: ['approve k3x9', 'approve k3x9 --hash 1a2b-3c4d-5e6f looks right'],
  params: z.object({ id: actionName, hash: word.optional(), note: note.optional() }),
  run: ({ id, hash, note: said }) => ({
    type: 'vote',
    actionId: id,
    decision: 'approve',
    hash: hash ?? null,
    note: said === undefined || said === '' ? null : said,
  }),
});

export const denyCommand = defineCommand({
  name: 'deny',
  summary: 'Deny an action that waits, with the reason',
  grammar: {
    positionals: [actionPositional('approvals')],
    options: [],
    rest: { name: 'reason', summary: 'Shown to the one who asked', optional: false, kind: 'text' },
  },
  role: 'approver',
  effect: 'vote',
  opens: null,
  visibility: 'private',
  examples: ['deny k3x9 not on a Friday'],
  params: z.object({ id: actionName, reason: note.min(1, 'write the reason') }),
  run: ({ id, reason }) => ({ type: 'vote', actionId: id, decision: 'deny', hash: null, note: reason }),
});
