import { canonicalJson } from '../lib/canonical-json.ts';
import type { StoreReads } from './store.ts';

/** Entries read at once. */
const BATCH = 1000;

/**
 * The audit as JSON lines, oldest first, each with its newline. A line is the canonical JSON of its entry, so
 * anyone can check the chain: without the member `hash` its SHA-256 is `hash`.
 */
export async function* exportAudit(reads: Pick<StoreReads, 'auditAfter'>): AsyncGenerator<string> {
  let seq = 0;
  for (;;) {
    const entries = await reads.auditAfter(seq, BATCH);
    for (const entry of entries) yield `${canonicalJson(entry)}\n`;
    const last = entries.at(-1);
    if (last === undefined) return;
    seq = last.seq;
  }
}
