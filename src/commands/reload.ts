import { z } from 'zod';
import { defineCommand } from './define.ts';

export const reloadCommand = defineCommand({
  name: 'reload',
  summary: 'Read people and policy from airlock.yaml again (needs approvals)',
  grammar: { positionals: [], options: [], rest: null },
  role: 'admin',
  effect: 'action',
  opens: null,
  visibility: 'thread',
  examples: ['reload'],
  params: z.object({}),
  run: () => ({ type: 'action', draft: { kind: 'config.reload', params: {} } }),
});
