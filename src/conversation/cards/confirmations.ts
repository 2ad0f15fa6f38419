import type { Confirmation } from '../card.ts';

/** One tap on a phone is easily a slip; these buttons change what runs and have no form that asks again. */
export const CONFIRMATIONS = {
  pause: {
    title: 'Pause this agent?',
    text: 'It is frozen with its clocks until somebody resumes it.',
    yes: 'Pause',
    final: false,
  },
  resume: {
    title: 'Resume this agent?',
    text: 'What was frozen in it goes on at once.',
    yes: 'Resume',
    final: false,
  },
  stop: {
    title: 'Stop this agent?',
    text: 'Its commands end and everything in it is removed. This cannot be undone.',
    yes: 'Stop',
    final: true,
  },
} as const satisfies Record<string, Confirmation>;
