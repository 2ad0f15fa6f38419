/** How a command or a sandbox ended: only what was observed. One taxonomy for drivers, records, cards and metrics. */
export const END_CAUSES = [
  'exited',
  'signalled',
  'timed-out',
  'cancelled',
  'out-of-memory',
  'sandbox-lost',
  'stopped',
  'unknown',
] as const;
export type EndCause = (typeof END_CAUSES)[number];

/** What measurements after a non-zero end suggest. A hint is never a cause. */
export type EndHint = 'near-process-limit' | 'disk-almost-full' | 'others-killed';
