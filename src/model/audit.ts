import { createHash } from 'node:crypto';
import { canonicalJson } from '../lib/canonical-json.ts';

/** What is known of one entry before it is chained. */
export interface AuditDraft {
  /** `action.submitted`, `action.approved`, `vote`, `action.finished`, `agent.ended`, `recovery`, … */
  type: string;
  actionId: string | null;
  agentId: string | null;
  /** Principal, or `system`. */
  actor: string;
  /** Everything else: hash, rule, votes, evidence, outcome. JSON values only. */
  data: Record<string, unknown>;
}

export interface AuditEntry extends AuditDraft {
  /** 1, 2, 3 … without gaps. */
  seq: number;
  /** Epoch milliseconds. */
  at: number;
  /** SHA-256 of the entry before, 64 hex digits; 64 zeros for the first. */
  previousHash: string;
  /** SHA-256 over the canonical JSON of all fields above. */
  hash: string;
}

export const AUDIT_GENESIS = '0'.repeat(64);

/** The hash of an entry: SHA-256 over the canonical JSON of everything but the hash itself. */
export function auditHash(entry: Omit<AuditEntry, 'hash'>): string {
  const { seq, at, type, actionId, agentId, actor, data, previousHash } = entry;
  const bytes = canonicalJson({ seq, at, type, actionId, agentId, actor, data, previousHash });
  return createHash('sha256').update(bytes).digest('hex');
}
