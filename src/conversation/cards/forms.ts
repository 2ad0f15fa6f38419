import { escapeLine } from '../../lib/escape-text.ts';
import { shortHash } from '../../lib/canonical-json.ts';
import { MAX_NOTE_CHARACTERS } from '../../orchestrator/input.ts';
import type { Form } from '../card.ts';
import { CONFIRMATIONS } from './confirmations.ts';

/** Slack's and Discord's inputs hold about this much. */
const MAX_FORM_COMMAND = 3000;
/** Of agents and images; both are shorter. */
const MAX_FORM_NAME = 64;
/** Discord shows so many, Slack more. */
const MAX_FORM_CHOICES = 25;

export function runForm(agentName: string): Form {
  return {
    title: `Run in ${escapeLine(agentName)}`,
    text: ['The line is given to sh -c in the agent exactly as you type it.'],
    inputs: [
      {
        name: 'command',
        label: 'Command line',
        choices: null,
        multiline: true,
        optional: false,
        maxLength: MAX_FORM_COMMAND,
      },
    ],
    submitLabel: 'Run',
  };
}

/** `images` with the default first. The name is left out for a memorable one. */
export function createForm(images: readonly string[]): Form {
  return {
    title: 'Create an agent',
    text: ['An agent is a sandbox of its own. Other limits are given with the create command.'],
    inputs: [
      {
        name: 'name',
        label: 'Name; a memorable one is made up when left out',
        choices: null,
        multiline: false,
        optional: true,
        maxLength: MAX_FORM_NAME,
      },
      {
        name: 'image',
        label: 'Image',
        choices: images.slice(0, MAX_FORM_CHOICES).map((image) => ({ value: image, label: image })),
        multiline: false,
        optional: false,
        maxLength: MAX_FORM_NAME,
      },
      {
        name: 'network',
        label: 'Network',
        choices: [
          { value: 'no', label: 'none' },
          { value: 'yes', label: 'the internet (needs an approval)' },
        ],
        multiline: false,
        optional: false,
        maxLength: 3,
      },
    ],
    submitLabel: 'Create',
  };
}

/** Asks whether it was meant: submitting it says so. */
export function stopForm(agentName: string): Form {
  const { text, yes } = CONFIRMATIONS.stop;
  return { title: `Stop ${escapeLine(agentName)}?`, text: [text], inputs: [], submitLabel: yes };
}

export function denyForm(actionId: string): Form {
  return {
    title: `Deny ${actionId}`,
    text: ['The one who asked sees the reason. A denial is final.'],
    inputs: [
      {
        name: 'reason',
        label: 'Reason',
        choices: null,
        multiline: true,
        optional: false,
        maxLength: MAX_NOTE_CHARACTERS,
      },
    ],
    submitLabel: 'Deny',
  };
}

/** The additional verification of CRITICAL actions: the short hash is typed from the card, so it is not repeated here. */
export function approveForm(actionId: string, payloadHash: string): Form {
  return {
    title: `Approve ${actionId}`,
    text: ['This is a critical action. Read the card once more and type its short hash.'],
    inputs: [
      {
        name: 'hash',
        label: 'Short hash from the card',
        choices: null,
        multiline: false,
        optional: false,
        maxLength: shortHash(payloadHash).length,
      },
      {
        name: 'note',
        label: 'Note',
        choices: null,
        multiline: true,
        optional: true,
        maxLength: MAX_NOTE_CHARACTERS,
      },
    ],
    submitLabel: 'Approve',
  };
}
