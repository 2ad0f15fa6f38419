import { z } from 'zod';
import { readRecordFile, recordFields, writeRecordFile } from '../record-file.ts';
import type { ContainerPaths } from './paths.ts';

const recordSchema = z.object({
  ...recordFields,
  network: z.enum(['none', 'sandbox', 'host']),
});
/** What a restarted bot has to know of a sandbox that runs; written when it does. */
export type SandboxRecord = z.output<typeof recordSchema>;

export function writeRecord(paths: ContainerPaths, record: SandboxRecord): Promise<void> {
  return writeRecordFile(paths, record);
}

/** Null when the sandbox never ran or is gone, or when the record is cut short. */
export function readRecord(paths: ContainerPaths): Promise<SandboxRecord | null> {
  return readRecordFile(paths, recordSchema);
}
