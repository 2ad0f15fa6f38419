import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** A process of this host, told apart from a later one with the same pid by when it started. */
export interface ProcessIdentity {
  pid: number;
  /** Field 22 of /proc/pid/stat: clock ticks since boot. */
  startTime: string;
}

/** Null when there is no such process, or only what its parent has not reaped. */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  const text = readStat(pid);
  if (text === null) return null;
  // The name is in parentheses and may hold anything: fields count from the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  if (startTime === undefined || state === 'Z' || state === 'X') return null;
  return { pid, startTime };
}

/** At once: the kernel answers in microseconds, a turn through the thread pool costs each command a third of a millisecond. */
function readStat(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
}

export async function isAlive(process: ProcessIdentity): Promise<boolean> {
  return (await identify(process.pid))?.startTime === process.startTime;
}

/** KILL to exactly these; one that is gone or whose pid is another's by now is left alone. */
export async function killProcesses(processes: readonly ProcessIdentity[]): Promise<void> {
  for (const target of processes) {
    if (!(await isAlive(target))) continue;
    try {
      process.kill(target.pid, 'SIGKILL');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

/** Resolves true when none is alive, false when some still are after `timeoutMs`. */
export async function waitUntilGone(
  processes: readonly ProcessIdentity[],
  timeoutMs: number,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const alive = await Promise.all(processes.map((process) => isAlive(process)));
    if (!alive.includes(true)) return true;
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => {
      setTimeout(resolve, GONE_POLL_MS);
    });
  }
}

/** A killed sandbox is gone within some ten milliseconds. */
const GONE_POLL_MS = 5;

/** Processes of this host that have the text in their command line. */
export async function processesNaming(text: string): Promise<(ProcessIdentity & { name: string })[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const args = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
      if (pid === process.pid || !args.some((arg) => arg.includes(text))) return null;
      const identity = await identify(pid);
      return identity === null ? null : { ...identity, name: path.basename(args[0] ?? '') };
    }),
  );
  return found.filter((one) => one !== null);
}
