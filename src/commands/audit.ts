import { z } from 'zod';
import { defineCommand } from './define.ts';
import { wholeNumber } from './params.ts';

const DEFAULT_ENTRIES = 20;
/** One card holds no more; the operator's `audit export` has them all. */
const MAX_ENTRIES = 200;

export const auditCommand = defineCommand({
  name: 'audit',
  summary: 'Show the last entries of the audit chain and its head',
  grammar: {
    positionals: [
      {
        name: 'number',
        summary: `How many; ${DEFAULT_ENTRIES} when left out`,
        optional: true,
        number: 'whole',
        completes: { from: 'values', values: ['20', '50', '200'] },
      },
    ],
    options: [],
    rest: null,
  },
  role: 'operator',
  effect: 'query',
  opens: null,
  visibility: 'private',
  examples: ['audit', 'audit 50'],
  params: z.object({ number: wholeNumber('audit', 1, MAX_ENTRIES).default(DEFAULT_ENTRIES) }),
  async run({ number }, { store }) {
    const [entries, head] = await Promise.all([store.auditLast(number), store.auditHead()]);
    return { type: 'answer', answer: { kind: 'audit', entries, head } };
  },
});
