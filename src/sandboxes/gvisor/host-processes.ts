import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { CONTAINER_ID_PATTERN } from '../../lib/ids.ts';
import type { GvisorPaths } from './paths.ts';

/** A process of this host, told apart from a later one with the same pid by when it started. */
export interface ProcessIdentity {
  pid: number;
  /** Field 22 of /proc/pid/stat: clock ticks since boot. */
  startTime: string;
}

export interface RuntimeProcess extends ProcessIdentity {
  containerId: string;
  /** `runsc-sandbox`, `runsc-gofer` or a client. */
  name: string;
}

/** Null when there is no such process, or only what its parent has not reaped. */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (text === null) return null;
  // The name is in parentheses and may hold anything: fields count from the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  if (startTime === undefined || state === 'Z' || state === 'X') return null;
  return { pid, startTime };
}

export async function isAlive(process: ProcessIdentity): Promise<boolean> {
  return (await identify(process.pid))?.startTime === process.startTime;
}

/**
 * Sandboxes, gofers and clients that run with our `--root`, whatever runsc's own records say: a client that was killed in
 * the middle of a create leaves a sandbox without one.
 */
export async function runtimeProcesses(paths: GvisorPaths): Promise<RuntimeProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => runtimeProcess(pid, paths)));
  return found.filter((process) => process !== null);
}

async function runtimeProcess(pid: number, paths: GvisorPaths): Promise<RuntimeProcess | null> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const args = commandLine.split('\0');
  if (!args.includes(`--root=${paths.runscRoot}`)) return null;
  const containerId = args.map((arg) => idIn(arg, paths)).find((id) => id !== null);
  const identity = await identify(pid);
  if (containerId === undefined || containerId === null || identity === null) return null;
  return { ...identity, containerId, name: path.basename(args[0] ?? '') };
}

/** A sandbox names its id, a gofer only the bundle. */
function idIn(arg: string, paths: GvisorPaths): string | null {
  const value = arg.slice(arg.startsWith('--') ? arg.indexOf('=') + 1 : 0);
  const id = value.startsWith(`${paths.base}/`)
    ? (value.slice(paths.base.length + 1).split('/')[0] ?? '')
    : value;
  return CONTAINER_ID_PATTERN.test(id) ? id : null;
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
