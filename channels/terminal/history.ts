import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import type { Logger } from '../../src/lib/logger.ts';

/** Lines kept from session to session. */
export const HISTORY_LINES = 1000;
/** Commands may hold secrets: only the owner reads them. */
const HISTORY_MODE = 0o600;

/** The lines of earlier sessions, newest first, as readline wants them. No file, no history. */
export async function loadHistory(path: string | null, log: Logger): Promise<string[]> {
  if (path === null) return [];
  try {
    const text = await readFile(path, 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .slice(-HISTORY_LINES)
      .toReversed();
  } catch (error) {
    if (!isMissing(error)) log.warn({ err: error, path }, 'the terminal history cannot be read');
    return [];
  }
}

/** Replaces the file in one step, readable by its owner only. A history that cannot be kept is no reason to fail: it is logged. */
export async function saveHistory(
  path: string | null,
  newestFirst: readonly string[],
  log: Logger,
): Promise<void> {
  if (path === null) return;
  const text = newestFirst
    .slice(0, HISTORY_LINES)
    .toReversed()
    .map((line) => `${line}\n`)
    .join('');
  const draft = `${path}.new`;
  try {
    await writeFile(draft, text, { mode: HISTORY_MODE });
    await chmod(draft, HISTORY_MODE);
    await rename(draft, path);
  } catch (error) {
    log.warn({ err: error, path }, 'the terminal history cannot be saved');
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
