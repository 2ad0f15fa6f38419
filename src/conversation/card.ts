/**
 * A platform-neutral description of a message. Channels render it; every string is data, never markup: a channel
 * escapes it for its platform. Cards are pure functions of the present state (`cards/`).
 */
export interface Card {
  kind: CardKind;
  title: string;
  /** Meaning is in the label; `tone` only colours it. */
  state: { label: string; tone: Tone } | null;
  fields: readonly CardField[];
  /** The exact text that will run or ran, never shortened by the card; a channel that must cut it locks Approve. */
  code: { label: string; text: string } | null;
  /** Output of a command. */
  output: CardOutput | null;
  /** What happened so far, oldest first; a channel that appends (terminal) prints only what is new. */
  timeline: readonly { at: number; label: string }[];
  /** Rows for lists; the first row is the header. */
  table: readonly (readonly string[])[] | null;
  /** Paragraphs. */
  text: readonly string[];
  /** Shown prominently on every state. */
  warnings: readonly string[];
  buttons: readonly Button[];
}

/** A notice with everything left out. */
export const BLANK_CARD = {
  kind: 'notice',
  title: '',
  state: null,
  fields: [],
  code: null,
  output: null,
  timeline: [],
  table: null,
  text: [],
  warnings: [],
  buttons: [],
} as const satisfies Card;

export type CardKind = 'agent' | 'action' | 'notice' | 'list' | 'error' | 'help';
export type Tone = 'neutral' | 'progress' | 'waiting' | 'success' | 'warning' | 'failure';
export interface CardField {
  label: string;
  value: string;
}

export interface CardOutput {
  /** Decoded with replacement characters and escaped; what is kept, in order of arrival. */
  text: string;
  /** How many bytes went by in all. */
  totalBytes: number;
  /** Bytes of the stream before `text` begins (the live tail), 0 for the head. */
  fromByte: number;
  truncated: boolean;
  /** More is to come. */
  live: boolean;
}

export interface Button {
  /** `action-id` of the button vocabulary, for example `approve`, `deny`, `stop`. Unique on a card. */
  id: ButtonId;
  label: string;
  style: 'primary' | 'danger' | 'default';
  /** Which agent or action it acts on. */
  subject: string;
  /** The payload hash the person saw (approve, deny); null elsewhere. */
  hash: string | null;
  /** Pressing it opens this form first; null acts at once. */
  opens: Form | null;
  /**
   * What is asked before a press of it counts. A platform with a dialog of its own asks before it sends the press; elsewhere the inbox
   * asks, before what is final only. Default nothing.
   */
  confirm?: Confirmation;
}

export interface Confirmation {
  title: string;
  text: string;
  /** What the button says that means yes. */
  yes: string;
  /** Nothing brings back what it takes away. */
  final: boolean;
}

/** What a button can ask for. Those after `extend` are the menu's: their subject is empty. */
export const BUTTON_IDS = [
  'approve',
  'deny',
  'cancel',
  'view',
  'run',
  'pause',
  'resume',
  'stop',
  'logs',
  'extend',
  'create',
  'list',
  'approvals',
  'help',
] as const;
export type ButtonId = (typeof BUTTON_IDS)[number];

/** A modal. */
export interface Form {
  title: string;
  text: readonly string[];
  inputs: readonly FormInput[];
  submitLabel: string;
}
export interface FormChoice {
  value: string;
  label: string;
}
/** What a form can ask for. */
export const FORM_INPUTS = ['reason', 'hash', 'command', 'note', 'name', 'image', 'network'] as const;
export interface FormInput {
  name: (typeof FORM_INPUTS)[number];
  label: string;
  /** One of these, the first unless chosen; null = free text. */
  choices: readonly FormChoice[] | null;
  multiline: boolean;
  optional: boolean;
  maxLength: number;
}
