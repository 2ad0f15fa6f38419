import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { z } from 'zod';

/** What every driver writes down of a sandbox when it runs. */
export const recordFields = {
  containerId: z.string(),
  /** The sandbox's process on the host and when it started (clock ticks since boot). */
  pid: z.number(),
  startTime: z.string(),
  /** The agent's name and environment: every command gets them. */
  name: z.string(),
  environment: z.record(z.string(), z.string()),
  maxProcesses: z.number(),
  /** Epoch milliseconds. */
  createdAt: z.number(),
};

/** Where a driver keeps what a restarted bot has to know of one sandbox. */
interface RecordPlace {
  record: string;
}

export async function writeRecordFile(paths: RecordPlace, record: object): Promise<void> {
  // A create that dies in the middle of this leaves a half-made sandbox, which is removed as a whole.
  await writeFile(paths.record, JSON.stringify(record), { mode: 0o600 });
}

/** Read at once: every command asks twice. Null when the sandbox never ran or is gone, or when the record is cut short. */
export async function readRecordFile<T>(paths: RecordPlace, schema: z.ZodType<T>): Promise<T | null> {
  try {
    return schema.safeParse(JSON.parse(readFileSync(paths.record, 'utf8'))).data ?? null;
  } catch {
    return null;
  }
}
