import type { MessageRef, ThreadRef } from './thread.ts';

/** What a delivery shows. The state is looked up when it is sent. */
export type DeliverySubject =
  | { type: 'agent'; id: string }
  | { type: 'action'; id: string }
  /** An event with a text of its own (notice, team notice, warning), by `seq`. */
  | { type: 'event'; seq: number }
  /** What an action's card has no room for: all of its kept output, or the exact code. Put into the thread once, never edited. */
  | { type: 'file'; actionId: string; what: FileContent };
export type FileContent = 'output' | 'payload';

/** One card on one channel: posted once, edited from then on. Or one file, uploaded once. */
export interface DeliveryRecord {
  /** `<channel>|<subject>`, stable: the key channels post under. */
  key: string;
  channel: string;
  thread: ThreadRef;
  subject: DeliverySubject;
  /** Posting it opens the agent's thread. */
  opensThread: boolean;
  /** 0 approvals, 1 status and results, 2 live output. */
  priority: 0 | 1 | 2;
  /** The event that called for it: the order of posts inside a thread. */
  firstSeq: number;
  /** The newest event the card must show, and the newest it shows. Due while `wantedSeq > shownSeq`. */
  wantedSeq: number;
  shownSeq: number;
  message: MessageRef | null;
  /** A post was begun and its end is not known. */
  maybePosted: boolean;
  /** Set when it can never be delivered; then the team channel is told instead. */
  deadReason: string | null;
  attempts: number;
  nextAttemptAt: number;
  lastError: string | null;
}
