import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { ContainerPaths } from './paths.ts';

const recordSchema = z.object({
  containerId: z.string(),
  /** The sandbox process and when it started (clock ticks since boot). */
  pid: z.number(),
  startTime: z.string(),
  network: z.enum(['none', 'sandbox', 'host']),
  /** The agent's name and environment: every command gets them. */
  name: z.string(),
  environment: z.record(z.string(), z.string()),
  maxProcesses: z.number(),
  /** Epoch milliseconds. */
  createdAt: z.number(),
});
/** What a restarted bot has to know of a sandbox that runs; written when it does. */
export type SandboxRecord = z.output<typeof recordSchema>;

export async function writeRecord(paths: ContainerPaths, record: SandboxRecord): Promise<void> {
  // A create that dies in the middle of this leaves a half-made sandbox, which is removed as a whole.
  await writeFile(paths.record, JSON.stringify(record), { mode: 0o600 });
}

/** Null when the sandbox never ran or is gone, or when the record is cut short. */
export async function readRecord(paths: ContainerPaths): Promise<SandboxRecord | null> {
  const text = await readFile(paths.record, 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return recordSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
