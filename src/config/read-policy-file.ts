import { readFile } from 'node:fs/promises';
import { AppError } from '../errors.ts';
import { sha256Hex } from '../lib/canonical-json.ts';
import { configError } from './problems.ts';
import { type PolicyFile, policyFileSchema } from './schema.ts';

export interface ReadPolicyFile {
  policy: PolicyFile;
  /** Of the file's bytes; null when there is no file. */
  sha256: string | null;
  /** Worth a look, but no reason to refuse. */
  warnings: readonly string[];
}

/** A policy of more than this is not written by people. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Reads and checks `airlock.yaml`. Throws CONFIG_INVALID with every problem, each with line and column; a missing
 * file is one only when `required`.
 */
export async function readPolicyFile(file: { path: string; required: boolean }): Promise<ReadPolicyFile> {
  const bytes = await readBytes(file);
  if (bytes === null) return { policy: policyFileSchema.parse({}), sha256: null, warnings: [] };
  // Most hosts have no such file, and need not hold a YAML parser in memory.
  const { parsePolicy } = await import('./parse-policy.ts');
  return { ...parsePolicy(decode(bytes, file.path), file.path), sha256: sha256Hex(bytes) };
}

async function readBytes(file: { path: string; required: boolean }): Promise<Uint8Array | null> {
  try {
    const bytes = await readFile(file.path);
    if (bytes.length <= MAX_FILE_BYTES) return bytes;
    throw configError([
      {
        where: file.path,
        value: `${bytes.length} bytes`,
        allowed: `make it at most ${MAX_FILE_BYTES} bytes`,
      },
    ]);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    if (code === 'ENOENT' && !file.required) return null;
    const what = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw configError([
      {
        where: file.path,
        value: null,
        allowed: `${what}: put a readable file there or change AIRLOCK_CONFIG`,
      },
    ]);
  }
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw configError([{ where: path, value: null, allowed: 'save it as UTF-8: it has other bytes' }]);
  }
}
