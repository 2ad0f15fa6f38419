import { AUDIT_GENESIS, auditHash, type AuditEntry } from '../model/audit.ts';
import { toAppError } from '../errors.ts';
import type { StoreReads } from './store.ts';

export type AuditVerdict =
  | {
      intact: true;
      /** How many entries the chain has. */
      entries: number;
      /** The hash of the last one: what to keep elsewhere, and to check against later. */
      head: string;
      /** The entry whose hash the head given is; null when none was given. */
      headSeq: number | null;
    }
  | {
      intact: false;
      /** How many entries from the first on are proved. */
      entries: number;
      /** The first broken entry; null when every entry is sound and the head is missing. */
      brokenSeq: number | null;
      reason: string;
    };

export interface AuditVerifyOptions {
  /**
   * A head noted earlier, whole or its first 12 or more hex digits, dashes ignored: it must be in the chain. Only this
   * finds that entries were cut off at the end.
   */
  head?: string;
  /** Entries read at once. Default 1000. */
  batch?: number;
}

/** The short form of a hash shown to people has so many digits. */
const MIN_HEAD_DIGITS = 12;

/**
 * Proves the chain from its first entry: numbers without gaps, each entry carries the hash of the one before, each hash is
 * that of its entry. Streams, so memory does not grow with the chain, and stops at the first broken entry.
 */
export async function verifyAudit(
  reads: Pick<StoreReads, 'auditAfter'>,
  options: AuditVerifyOptions = {},
): Promise<AuditVerdict> {
  const wanted = options.head?.replaceAll('-', '').trim().toLowerCase() ?? null;
  if (wanted !== null && !isHead(wanted)) {
    const reason = `"${options.head}" is no head: write 12 to 64 hex digits`;
    return { intact: false, entries: 0, brokenSeq: null, reason };
  }
  let seq = 0;
  let head = AUDIT_GENESIS;
  let headSeq = wanted !== null && head.startsWith(wanted) ? 0 : null;
  for (;;) {
    const entries = await readBatch(reads, seq, options.batch ?? 1000);
    if ('reason' in entries) return { intact: false, entries: seq, ...entries };
    for (const entry of entries) {
      const reason = flaw(entry, seq + 1, head);
      if (reason !== null) return { intact: false, entries: seq, brokenSeq: seq + 1, reason };
      seq = entry.seq;
      head = entry.hash;
      if (wanted !== null && head.startsWith(wanted)) headSeq = seq;
    }
    if (entries.length === 0) break;
  }
  if (wanted !== null && headSeq === null) {
    const reason = `the head ${wanted} is not in the chain of ${seq} entries: entries after it, or with it, were cut off or replaced`;
    return { intact: false, entries: seq, brokenSeq: null, reason };
  }
  return { intact: true, entries: seq, head, headSeq };
}

/** A row that cannot even be read breaks the chain too: then the batch is halved until it ends before that row. */
async function readBatch(
  reads: Pick<StoreReads, 'auditAfter'>,
  after: number,
  size: number,
): Promise<AuditEntry[] | { brokenSeq: number; reason: string }> {
  try {
    return await reads.auditAfter(after, size);
  } catch (error) {
    const appError = toAppError(error);
    if (appError.code !== 'DATABASE_CORRUPT') throw error;
    if (size > 1) return readBatch(reads, after, Math.floor(size / 2));
    return { brokenSeq: after + 1, reason: `entry ${after + 1} cannot be read: ${appError.message}` };
  }
}

function flaw(entry: AuditEntry, seq: number, previousHash: string): string | null {
  if (entry.seq !== seq) return `entry ${seq} is missing: ${entry.seq} follows ${seq - 1}`;
  if (entry.previousHash !== previousHash) return `entry ${seq} does not follow the entry before it`;
  if (hashOf(entry) !== entry.hash) return `entry ${seq} was changed: its hash is not that of its content`;
  return null;
}

function hashOf(entry: AuditEntry): string | null {
  try {
    return auditHash(entry);
  } catch (error) {
    // Content no entry of Airlock has (a lone surrogate, say) has no canonical form and so no hash.
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function isHead(text: string): boolean {
  return new RegExp(`^[0-9a-f]{${MIN_HEAD_DIGITS},64}$`).test(text);
}
