import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** One directory a running command, so that a restarted bot finds what the last one left running. */
export interface ExecFiles {
  directory: string;
  record: string;
  /** What the client program reads, where it reads a file. */
  process: string;
  /** Written when the command has started. */
  pid: string;
  log: string;
  /** Its own log at level info; the wait status is in it. */
  debugLog: string;
}

const recordSchema = z.object({
  execId: z.string(),
  /** Epoch milliseconds, just before the client was started. */
  spawnedAt: z.number(),
});
export type ExecRecord = z.output<typeof recordSchema> & {
  /** Null before it is known. */
  pid: number | null;
};

/** A record with the place where it was found. */
export type RecordedExec = ExecRecord & { files: ExecFiles };

export const EXEC_ID_PATTERN = /^[a-z0-9]{16}$/;

/**
 * The names; `executions` is the container's directory for this, nothing is made. `name` is the execution's id, or an id of
 * its own where the client was started before the execution was known: the record tells.
 */
export function execFiles(executions: string, name: string): ExecFiles {
  const directory = path.join(executions, name);
  const inside = (file: string) => path.join(directory, file);
  return {
    directory,
    record: inside('record.json'),
    process: inside('process.json'),
    pid: inside('pid'),
    log: inside('log.json'),
    debugLog: inside('debug.log'),
  };
}

/**
 * Makes the directory; the record appears whole or not at all. A crash of the bot, not of the host, is what it survives.
 * Synchronous on purpose, here and below: each of these calls on small files takes some 20 microseconds, and ten to
 * fifteen turns through the thread pool would cost every command 2 to 3 ms.
 */
export function writeExecRecord(files: ExecFiles, record: Omit<ExecRecord, 'pid'>): void {
  mkdirSync(files.directory, { recursive: true, mode: 0o700 });
  const partial = `${files.record}.partial`;
  writeFileSync(partial, JSON.stringify(record), { mode: 0o600 });
  renameSync(partial, files.record);
}

/** Null when there is none, or when the bot died before the command was started. */
export function readExecRecord(files: ExecFiles): ExecRecord | null {
  const text = readTextIfThere(files.record);
  if (text === null) return null;
  return { ...recordSchema.parse(JSON.parse(text)), pid: readPid(files) };
}

/** Null while it has not been written. */
export function readPid(files: ExecFiles): number | null {
  const text = readTextIfThere(files.pid)?.trim() ?? '';
  return /^[1-9]\d*$/.test(text) ? Number(text) : null;
}

/** Everything recorded for one container; an empty directory of a bot that died in between is no execution. */
export async function listExecRecords(executions: string): Promise<RecordedExec[]> {
  const names = await readdir(executions).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return names
    .filter((name) => EXEC_ID_PATTERN.test(name))
    .map((name) => execFiles(executions, name))
    .flatMap((files) => {
      const record = readExecRecord(files);
      return record === null ? [] : [{ ...record, files }];
    });
}

export function removeExecFiles(files: ExecFiles): void {
  rmSync(files.directory, { recursive: true, force: true });
}

export function readTextIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
