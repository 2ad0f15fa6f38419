import { watch } from 'node:fs';
import type { Clock } from '../../lib/clock.ts';
import { readPid, type ExecFiles } from './record.ts';

/** Against a watch that could not be had or an event that was lost. */
const POLL_MS = 100;

/**
 * Resolves with the pid inside as soon as it is written, or with what is there (null for nothing) when
 * `clientExited` comes first. Never rejects; the watch is gone when it resolves.
 */
export async function waitForPid(
  files: ExecFiles,
  clientExited: Promise<void>,
  clock: Clock,
): Promise<number | null> {
  const { promise, resolve } = Promise.withResolvers<number | null>();
  const look = (): number | null => {
    const pid = readPid(files);
    if (pid !== null) resolve(pid);
    return pid;
  };
  let timer: Disposable | null = null;
  const poll = () => {
    timer = clock.after(POLL_MS, () => {
      poll();
      look();
    });
  };
  const watcher = watchQuietly(files.directory, look);
  poll();
  look();
  // The file is written before the client waits for the command, so it is complete by then or never comes.
  void clientExited.then(() => resolve(look()));
  const pid = await promise;
  (timer as Disposable | null)?.[Symbol.dispose]();
  watcher?.close();
  return pid;
}

function watchQuietly(directory: string, onChange: () => void) {
  try {
    const watcher = watch(directory, { persistent: false }, onChange);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    // No watches left on this host: the poll finds it a little later.
    return null;
  }
}
