import { z } from 'zod';
import type { ContainerPlace } from '../container-place.ts';
import { readRecordFile, recordFields, writeRecordFile } from '../record-file.ts';

const recordSchema = z.object({
  ...recordFields,
  /** The engine's own, 64 hex digits. */
  engineId: z.string(),
  /** Its cgroup, relative to the hierarchy; null when it has none of its own. */
  cgroup: z.string().nullable(),
});
/** What a restarted bot has to know of a sandbox that runs; written when it does. */
export type KataRecord = z.output<typeof recordSchema>;

export function writeRecord(paths: ContainerPlace, record: KataRecord): Promise<void> {
  return writeRecordFile(paths, record);
}

/** Null when the sandbox never ran or is gone, or when the record is cut short. */
export function readRecord(paths: ContainerPlace): Promise<KataRecord | null> {
  return readRecordFile(paths, recordSchema);
}
