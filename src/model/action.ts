import type { EndCause, EndHint } from './ends.ts';
import type { PrincipalId, Role } from './principal.ts';
import type { ThreadRef } from './thread.ts';

export const LEVELS = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const;
/** LOW runs; MEDIUM runs and is announced; HIGH waits for an approval; CRITICAL also for a typed hash. */
export type Level = (typeof LEVELS)[number];

export const ACTION_STATUSES = [
  'PENDING',
  'APPROVED',
  'EXECUTING',
  'COMPLETED',
  'FAILED',
  'REJECTED',
  'EXPIRED',
  'CANCELLED',
  'UNKNOWN',
] as const;
export type ActionStatus = (typeof ACTION_STATUSES)[number];

/** One requested operation on its way through the orchestrator. Times are epoch milliseconds. */
export interface ActionRecord {
  /** 12 characters `[a-z0-9]`; people type it, a unique prefix of four or more is enough. */
  id: string;
  /** `agent.create`, `agent.exec`, … from the registry of action kinds. */
  kind: string;
  status: ActionStatus;
  level: Level;
  /** Which rule gave the level, in words. */
  rule: string;
  /** Canonical JSON (RFC 8785), exactly the bytes that are hashed and executed. */
  payload: string;
  /** SHA-256 of `payload`, 64 hex digits. */
  payloadHash: string;
  requester: PrincipalId;
  requesterPerson: string;
  requesterName: string;
  /** The requester was a persona of the terminal (`/as`). */
  persona: boolean;
  agentId: string | null;
  thread: ThreadRef;
  createdAt: number;
  /** When the approval lapses; for APPROVED too. Null where none is needed. */
  expiresAt: number | null;
  approval: ApprovalTerms | null;
  decidedAt: number | null;
  startedAt: number | null;
  finishedAt: number | null;
  result: ActionResult | null;
  /** One line for people: why it failed, was rejected or cancelled. */
  error: ActionError | null;
  nodeId: string;
}

/** What has to happen before a HIGH or CRITICAL action runs. */
export interface ApprovalTerms {
  quorum: number;
  /** Any one of these roles or groups entitles to vote. */
  roles: readonly (Role | (string & {}))[];
  selfApproval: boolean;
  verification: 'none' | 'typed-hash';
}

/** Final: one per person and action. */
export interface Vote {
  actionId: string;
  personId: string;
  principal: PrincipalId;
  displayName: string;
  decision: 'approve' | 'deny';
  note: string | null;
  persona: boolean;
  at: number;
}

export interface ActionError {
  code: string;
  message: string;
  hint: string | null;
}

/** What came of it. Which fields are set depends on the kind. */
export interface ActionResult {
  exec?: ExecResult;
  /** What was looked at again after a kill, a limit or a removal. */
  evidence?: Record<string, unknown>;
  /** A sentence for the card. */
  message?: string;
}

/** The outcome of one command inside an agent. */
export interface ExecResult {
  /** Exit code is 0. */
  success: boolean;
  exitCode: number | null;
  cause: EndCause;
  signal: number | null;
  hints: readonly EndHint[];
  timedOut: boolean;
  truncated: boolean;
  durationMs: number;
  /** Bytes written in all, kept or not. */
  stdoutBytes: number;
  stderrBytes: number;
  /** Where the kept output lies under the data directory, with its SHA-256; null when there was none. */
  outputFile: string | null;
  outputSha256: string | null;
}

export const TERMINAL_ACTION_STATUSES: ReadonlySet<ActionStatus> = new Set([
  'COMPLETED',
  'FAILED',
  'REJECTED',
  'EXPIRED',
  'CANCELLED',
  'UNKNOWN',
]);
