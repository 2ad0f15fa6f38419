import { constants } from 'node:fs';
import { access, open } from 'node:fs/promises';
import path from 'node:path';
import { SAFE_PATH } from '../../lib/run.ts';

const PT_INTERP = 3;
/** Enough for the ELF header and the program headers of any program: they lie at the beginning. */
const ELF_HEAD_BYTES = 8192;

/**
 * The first executable of one of these names that needs no shared library, so that it runs in any root file system;
 * names in order of preference, each looked for on PATH and in the system's directories. Null when there is none.
 */
export async function findStaticBinary(
  names: readonly string[],
  searchPath: string = [process.env['PATH'] ?? '', SAFE_PATH].join(':'),
): Promise<string | null> {
  const directories = [...new Set(searchPath.split(':').filter((entry) => path.isAbsolute(entry)))];
  for (const name of names) {
    for (const directory of directories) {
      const file = path.join(directory, name);
      if (await isStaticBinary(file)) return file;
    }
  }
  return null;
}

/** True for an executable ELF file of 64 bits without an interpreter segment. */
export async function isStaticBinary(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    await using handle = await open(file, 'r');
    const head = Buffer.alloc(ELF_HEAD_BYTES);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    return isStaticElf(head.subarray(0, bytesRead));
  } catch {
    // Not there, not readable, not a file: not a candidate.
    return false;
  }
}

function isStaticElf(head: Buffer): boolean {
  const isElf64 = head.length >= 64 && head.readUInt32BE(0) === 0x7f454c46 && head[4] === 2 && head[5] === 1;
  if (!isElf64) return false;
  const tableOffset = Number(head.readBigUInt64LE(32));
  const entrySize = head.readUInt16LE(54);
  const entries = head.readUInt16LE(56);
  if (entries === 0 || tableOffset + entries * entrySize > head.length) return false;
  for (let index = 0; index < entries; index += 1) {
    if (head.readUInt32LE(tableOffset + index * entrySize) === PT_INTERP) return false;
  }
  return true;
}
