import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { sha256Hex } from '../lib/canonical-json.ts';
import { writeDurably } from '../lib/durable-file.ts';
import { createHeadTail } from '../lib/head-tail.ts';
import { DEFAULT_MAX_OUTPUT_BYTES } from '../sandboxes/sandbox.ts';
import type { KeptText } from './types.ts';

const OUTPUTS_DIRECTORY = 'outputs';
/** Action ids name the files; nothing else may. */
const FILE_ID = /^[a-z0-9]{1,64}$/;

const outputFile = z.object({
  v: z.literal(1),
  totalBytes: z.int().min(0),
  truncated: z.boolean(),
  head: z.base64(),
  tail: z.base64(),
});

/** Both streams as they came, first and last bytes. */
export interface OutputKeeper {
  push(chunk: Uint8Array): void;
  /** Written and flushed when it resolves. Null when there was no output. */
  save(): Promise<{ outputFile: string; outputSha256: string } | null>;
}

/**
 * Keeps the output of one action. Its first chunk is written down at once, beside the running command: most commands write no
 * second one, and what they wrote is on the disk by the time they have ended.
 */
export function createOutputKeeper(dataDir: string, actionId: string): OutputKeeper {
  const kept = createHeadTail(DEFAULT_MAX_OUTPUT_BYTES);
  const relative = path.join(OUTPUTS_DIRECTORY, `${actionId}.json`);
  let early: { content: string; written: Promise<boolean> } | null = null;

  function content(): string {
    const { head, tail, totalBytes } = kept.kept();
    return `${JSON.stringify({
      v: 1,
      totalBytes,
      truncated: kept.truncated,
      head: Buffer.from(head).toString('base64'),
      tail: Buffer.from(tail).toString('base64'),
    })}\n`;
  }
  async function write(text: string, meanwhile: boolean): Promise<void> {
    await writeOutput(path.join(dataDir, relative), text, meanwhile);
  }
  async function writeEarly(text: string): Promise<boolean> {
    try {
      await write(text, true);
      return true;
    } catch {
      // Tried again at the end, and told then.
      return false;
    }
  }

  return {
    push(chunk) {
      kept.push(chunk);
      if (early !== null) return;
      const text = content();
      early = { content: text, written: writeEarly(text) };
    },
    async save() {
      if (kept.totalBytes === 0) return null;
      const text = content();
      // Waited for in any case: two writers of one file would be in each other's way.
      const there = await early?.written;
      if (there !== true || early?.content !== text) await write(text, false);
      return { outputFile: relative, outputSha256: sha256Hex(text) };
    },
  };
}

/** The directory is made when it turns out to be missing: it is there for all outputs but the first. */
async function writeOutput(file: string, content: string, meanwhile: boolean): Promise<void> {
  try {
    await writeDurably(file, content, { meanwhile });
  } catch (error) {
    if (!isMissing(error)) throw error;
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await writeDurably(file, content, { meanwhile });
  }
}

/** The kept output of an action with its gap marked; null when there is none. Throws INTERNAL for a damaged file. */
export async function readKeptOutput(dataDir: string, actionId: string): Promise<KeptText | null> {
  if (!FILE_ID.test(actionId)) return null;
  const file = path.join(dataDir, OUTPUTS_DIRECTORY, `${actionId}.json`);
  const content = await readFile(file, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (content === null) return null;
  const { head, tail, totalBytes, truncated } = parseOutputFile(actionId, content);
  const first = Buffer.from(head, 'base64');
  const last = Buffer.from(tail, 'base64');
  const left = totalBytes - first.byteLength - last.byteLength;
  const gap = truncated ? `\n[… ${left} bytes left out …]\n` : '';
  return {
    text: `${first.toString('utf8')}${gap}${last.toString('utf8')}`,
    truncated,
    totalBytes,
    path: file,
  };
}

function parseOutputFile(actionId: string, content: string): z.output<typeof outputFile> {
  try {
    return outputFile.parse(JSON.parse(content));
  } catch (error) {
    throw new AppError('INTERNAL', `the kept output of action ${actionId} is damaged`, { cause: error });
  }
}

/** Removes outputs last written before `olderThan` (epoch milliseconds); tells how many. */
export async function removeOldOutputs(dataDir: string, olderThan: number): Promise<number> {
  const directory = path.join(dataDir, OUTPUTS_DIRECTORY);
  const names = await readdir(directory).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  let removed = 0;
  for (const name of names) {
    const file = path.join(directory, name);
    if ((await stat(file)).mtimeMs >= olderThan) continue;
    await rm(file);
    removed += 1;
  }
  return removed;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
