import { readFile, stat } from 'node:fs/promises';
import { release } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { LIMIT_NAMES } from '../cgroups.ts';
import { createMemory, type Memory } from '../remembered.ts';

const provenSchema = z.object({
  platform: z.string(),
  unenforced: z.array(z.object({ limit: z.enum(LIMIT_NAMES), reason: z.string() })),
  network: z.object({
    mode: z.enum(['none', 'sandbox', 'host-in-namespace']),
    reason: z.string().nullable(),
  }),
});
/** What throw-away containers have shown of a host. */
export type Proven = z.output<typeof provenSchema>;

/** What a probe's result hangs on, as text: the binary as it lies there, this boot of the kernel, what was asked for. */
export async function probeKey(facts: {
  binary: string;
  version: string;
  cgroups: string;
  hostNetwork: string | undefined;
}): Promise<string> {
  // ctime: a binary put there with an old mtime, or with other rights, is another one.
  const { ctimeMs, size } = await stat(facts.binary);
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
  return JSON.stringify({ ...facts, ctimeMs, size, kernel: release(), boot: boot.trim() });
}

/** What was proven under the same key; null when nothing was, or when the file cannot be read. */
export async function recallProbe(dataDir: string, key: string): Promise<Proven | null> {
  return await memoryIn(dataDir).recall(key);
}

export async function rememberProbe(dataDir: string, key: string, proven: Proven): Promise<void> {
  await memoryIn(dataDir).remember(key, proven);
}

/** The next detection probes for real. */
export async function forgetProbe(dataDir: string): Promise<void> {
  await memoryIn(dataDir).forget();
}

/** Beside the driver's own directory, which holds containers only. */
function memoryIn(dataDir: string): Memory<Proven> {
  return createMemory(path.join(dataDir, 'gvisor-probe.json'), provenSchema);
}
