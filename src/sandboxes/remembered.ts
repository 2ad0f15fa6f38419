import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { writeDurably } from '../lib/durable-file.ts';

/** What a probe has shown, kept in a file under a key of all that it hangs on. */
export interface Memory<T> {
  /** Null when nothing was shown under this key, or the file cannot be read. */
  recall(key: string): Promise<T | null>;
  remember(key: string, shown: T): Promise<void>;
  /** The next detection probes for real. */
  forget(): Promise<void>;
}

export function createMemory<T>(file: string, schema: z.ZodType<T>): Memory<T> {
  const fileSchema = z.object({ key: z.string(), proven: schema });
  return {
    async recall(key) {
      try {
        const kept = fileSchema.parse(JSON.parse(await readFile(file, 'utf8')));
        return kept.key === key ? kept.proven : null;
      } catch {
        // Absent, cut short or of another version: the probe is made again, which is always right.
        return null;
      }
    },
    remember: (key, proven) => writeDurably(file, `${JSON.stringify({ key, proven })}\n`),
    forget: () => rm(file, { force: true }),
  };
}
