import { readFile, writeFile } from 'node:fs/promises';
import type { z } from 'zod';

/** Where a driver keeps what a restarted bot has to know of one sandbox. */
interface RecordPlace {
  record: string;
}

export async function writeRecordFile(paths: RecordPlace, record: object): Promise<void> {
  // A create that dies in the middle of this leaves a half-made sandbox, which is removed as a whole.
  await writeFile(paths.record, JSON.stringify(record), { mode: 0o600 });
}

/** Null when the sandbox never ran or is gone, or when the record is cut short. */
export async function readRecordFile<T>(paths: RecordPlace, schema: z.ZodType<T>): Promise<T | null> {
  const text = await readFile(paths.record, 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
