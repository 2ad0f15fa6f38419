import { z } from 'zod';
import { readRecordFile, writeRecordFile } from '../record-file.ts';
import type { KataContainerPaths } from './paths.ts';

const recordSchema = z.object({
  containerId: z.string(),
  /** The engine's own, 64 hex digits. */
  engineId: z.string(),
  /** The sandbox's process on the host and when it started (clock ticks since boot). */
  pid: z.number(),
  startTime: z.string(),
  /** Its cgroup, relative to the hierarchy; null when it has none of its own. */
  cgroup: z.string().nullable(),
  /** The agent's name and environment: every command gets them. */
  name: z.string(),
  environment: z.record(z.string(), z.string()),
  maxProcesses: z.number(),
  /** Epoch milliseconds. */
  createdAt: z.number(),
});
/** What a restarted bot has to know of a sandbox that runs; written when it does. */
export type KataRecord = z.output<typeof recordSchema>;

export function writeRecord(paths: KataContainerPaths, record: KataRecord): Promise<void> {
  return writeRecordFile(paths, record);
}

/** Null when the sandbox never ran or is gone, or when the record is cut short. */
export function readRecord(paths: KataContainerPaths): Promise<KataRecord | null> {
  return readRecordFile(paths, recordSchema);
}
