import { readFileSync } from 'node:fs';

/** The file's text without its final newline; null when it cannot be read. At once, since it is the kernel's memory that is read. */
export async function readText(file: string): Promise<string | null> {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return null;
  }
}

/** A whole number; null when the file is missing, says `max`, or is v1's "no limit" (beyond what a double counts exactly). */
export async function readNumber(file: string): Promise<number | null> {
  const text = await readText(file);
  if (text === null || !/^-?\d+$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** The value of one line `key value` (`memory.events`, `cpu.stat`, `memory.oom_control`). */
export async function readKey(file: string, key: string): Promise<number | null> {
  const text = await readText(file);
  const line = text?.split('\n').find((candidate) => candidate.startsWith(`${key} `));
  return line === undefined ? null : Number(line.slice(key.length + 1));
}
