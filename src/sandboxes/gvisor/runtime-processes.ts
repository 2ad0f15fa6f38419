import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { CONTAINER_ID_PATTERN } from '../../lib/ids.ts';
import { identify, type ProcessIdentity } from '../host-processes.ts';
import type { GvisorPaths } from './paths.ts';

export interface RuntimeProcess extends ProcessIdentity {
  containerId: string;
  /** `runsc-sandbox`, `runsc-gofer` or a client. */
  name: string;
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
