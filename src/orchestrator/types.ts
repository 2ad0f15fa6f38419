/** What the rooms above know of the orchestrator. */
import type { CreateRequest } from '../agents/types.ts';
import type { ActionRecord } from '../model/action.ts';
import type { Actor } from '../model/principal.ts';
import type { ThreadRef } from '../model/thread.ts';

/** As {@link CreateRequest}, the skill by its name. */
export type CreateDraft = Omit<CreateRequest, 'skill'> & { skill?: string };

/** What a command asks for, names still unresolved. `agent` is a name, id or unique prefix. */
export type ActionDraft =
  | { kind: 'agent.create'; params: CreateDraft }
  | { kind: 'agent.exec'; params: { agent: string; command: string; timeoutMs?: number } }
  | { kind: 'agent.pause' | 'agent.resume'; params: { agent: string } }
  | { kind: 'agent.stop'; params: { agent: string; force?: boolean } }
  | { kind: 'agent.extend'; params: { agent: string; timeToLiveMs?: number } }
  /** `confirm` is the number of agents, typed by the admin. */
  | { kind: 'agent.stop-all'; params: { confirm: number } }
  | { kind: 'config.reload'; params: Record<string, never> };

export type ActionKind = ActionDraft['kind'];

export interface SubmitContext {
  actor: Actor;
  thread: ThreadRef;
  /** Settled in the transaction that records the action. */
  inboxId: string | null;
}

export interface VoteRequest {
  /** An id or a unique prefix of four characters or more. */
  actionId: string;
  actor: Actor;
  decision: 'approve' | 'deny';
  /** What the voter saw or typed, `4-4-4` or longer; needed for CRITICAL; checked whenever given. */
  hash: string | null;
  /** A note, or the reason of a denial (required then). */
  note: string | null;
  inboxId: string | null;
  /**
   * True for an action that cannot be shown whole where the vote is cast: it is approved there only by somebody who has opened
   * the whole (`recordReading`). Asked inside the vote's transaction; pure. Default: none is.
   */
  mustRead?: (action: ActionRecord) => boolean;
}

/** A vote that somebody is about to cast. */
export type VoteQuestion = Pick<VoteRequest, 'actionId' | 'actor' | 'decision' | 'mustRead'>;

/** Bytes of a running command as they come. */
export interface OutputChunk {
  actionId: string;
  stream: 'stdout' | 'stderr';
  chunk: Uint8Array;
}

export interface LiveOutput {
  /** The last bytes kept in memory, at most 64 KiB. */
  tail: Uint8Array;
  totalBytes: number;
}

export interface Orchestrator {
  /** Settles what a crash interrupted, runs what is APPROVED, arms expiries. After `AgentManager.start`. */
  start(): Promise<void>;
  /** Takes no more work and waits for the transactions under way; running work is the manager's to end. */
  stop(): Promise<void>;
  /**
   * Checks rate and role, resolves, fixes the payload, classifies and records it in one transaction. LOW and MEDIUM start to
   * run. Throws AppError; a refusal of what was a well-formed action has an audit entry.
   */
  submit(draft: ActionDraft, context: SubmitContext): Promise<ActionRecord>;
  /** Decides in one transaction; returns the action as it then is. Throws with the precise reason. */
  vote(request: VoteRequest): Promise<ActionRecord>;
  /** Throws what `vote` would, but for a hash or a reason that a form still asks for. Changes and counts nothing. */
  mayVote(question: VoteQuestion): Promise<void>;
  /** The requester (or an admin) takes back what waits, or ends the running command. */
  cancel(request: { actionId: string; actor: Actor; inboxId: string | null }): Promise<ActionRecord>;
  /** Counts a query against the rate limit. Throws RATE_LIMITED. */
  countQuery(actor: Actor): void;
  /** Resolves when the action is in a terminal status or, with `orWaiting`, PENDING. */
  settled(actionId: string, options?: { orWaiting?: boolean }): Promise<ActionRecord>;
  liveOutput(actionId: string): LiveOutput | null;
  onOutput(listener: (chunk: OutputChunk) => void): Disposable;
  /** What this person could decide now: PENDING, entitled, not own (where forbidden), not voted. */
  approvalsFor(actor: Actor): Promise<{ action: ActionRecord; mayVote: boolean; why: string | null }[]>;
}
