import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Up to this the calls are made at once: eight turns through the thread pool cost a command most of a millisecond. */
const SMALL_BYTES = 64 * 1024;

export interface WriteOptions {
  /** Default 0600. */
  mode?: number;
  /** Nobody waits for it: this thread goes on meanwhile, however small the file is. Default false. */
  meanwhile?: boolean;
}

/**
 * Writes a file that is there whole or not at all, also after a power cut: a temporary name beside it, flushed, renamed,
 * the directory flushed. Whoever reads sees the old content or the new.
 */
export async function writeDurably(
  path: string,
  content: string | Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  const { mode = 0o600, meanwhile = false } = options;
  const temporary = `${path}.${process.pid}.partial`;
  try {
    if (!meanwhile && content.length <= SMALL_BYTES) {
      writeSmall(path, temporary, content, mode);
      return;
    }
    {
      await using file = await open(temporary, 'w', mode);
      await file.writeFile(content);
      await file.sync();
    }
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Flushes the names in a directory: a file just made or renamed there survives a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}

/** The database flushes in this thread too, three times an action: a small file does not make it worse. */
function writeSmall(path: string, temporary: string, content: string | Uint8Array, mode: number): void {
  withDescriptor(openSync(temporary, 'w', mode), (file) => {
    writeFileSync(file, content);
    fsyncSync(file);
  });
  renameSync(temporary, path);
  withDescriptor(openSync(dirname(path), 'r'), fsyncSync);
}

function withDescriptor(descriptor: number, work: (descriptor: number) => void): void {
  try {
    work(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
