import { release } from 'node:os';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AppError } from '../../errors.ts';
import { run, runError, type RunResult } from '../../lib/run.ts';
import { COMMAND_USER } from '../exec/request.ts';
import type { EngineClient } from './engine-cli.ts';

/** What a sandbox says of itself. */
export interface Inside {
  /** `uname -r`. */
  kernel: string;
  /** /proc/version. */
  kernelVersion: string;
  /** RLIMIT_NPROC of the commands' user. */
  maxProcesses: number;
  /** Of the guest's cgroup; null where it is not shown. */
  memoryBytes: number | null;
}

const ASK_TIMEOUT_MS = 30_000;
/** Some one in a hundred is lost on a host with far too much to do. */
const ASK_TRIES = 5;
const LOOK_SCRIPT = `
echo "kernel=$(/.airlock/busybox uname -r)"
echo "version=$(/.airlock/busybox cat /proc/version)"
echo "processes=$(ulimit -u)"
for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
  [ -r $file ] && echo "memory=$(/.airlock/busybox cat $file)" && break
done
exit 0
`;

const insideSchema = z.object({
  kernel: z.string().min(1),
  version: z.string(),
  processes: z.string(),
  memory: z.string().optional(),
});

/** Looks from inside, as the commands' user. Throws RUNTIME_FAILED when nothing can be run or read there. */
export async function lookInside(client: EngineClient, name: string): Promise<Inside> {
  const result = await askInside(client, name, { user: COMMAND_USER, script: LOOK_SCRIPT });
  if (result.exitCode !== 0) throw runError(result);
  const lines = result.stdout.split('\n').map((line) => /^(\w+)=(.*)$/.exec(line));
  const said = insideSchema.safeParse(
    Object.fromEntries(lines.flatMap((line) => (line ? [[line[1], line[2]]] : []))),
  );
  if (!said.success) {
    throw new AppError('RUNTIME_FAILED', 'the sandbox does not say what it is', {
      context: { stdout: result.stdout.slice(0, 500) },
    });
  }
  const memoryBytes = Number(said.data.memory ?? Number.NaN);
  return {
    kernel: said.data.kernel,
    kernelVersion: said.data.version,
    maxProcesses: said.data.processes === 'unlimited' ? Infinity : Number(said.data.processes),
    memoryBytes: Number.isFinite(memoryBytes) ? memoryBytes : null,
  };
}

/** Runs a script that always says something: where an engine's client has lost it, it is asked again. */
export async function askInside(
  client: EngineClient,
  name: string,
  asked: { user: { uid: number; gid: number }; script: string },
): Promise<RunResult> {
  const { user, script } = asked;
  for (let tries = 1; ; tries += 1) {
    const result = await run({
      file: client.binary,
      env: client.environment,
      args: client.execArgs(
        name,
        { user: `${user.uid}:${user.gid}`, cwd: '/', environment: [], privileged: false, stdin: false },
        ['/.airlock/busybox', 'sh', '-c', script],
      ),
      timeoutMs: ASK_TIMEOUT_MS,
    });
    const lost = client.engine.losesShortOutput && result.exitCode === 0 && result.stdout === '';
    if (!lost || tries >= ASK_TRIES) return result;
  }
}

/** gVisor says the same in every release; a sandbox of it is no virtual machine, whatever its name is. */
const GVISOR_VERSION = 'Sun Jan 10 15:06:54 PST 2016';

/** Why what was seen inside is no virtual machine of its own; null when it is one. */
export function whyNoVirtualMachine(
  inside: Pick<Inside, 'kernel' | 'kernelVersion'>,
  host: { kernel: string; kernelVersion: string },
): string | null {
  if (inside.kernel === host.kernel || inside.kernelVersion === host.kernelVersion) {
    return `it shows the kernel of this host (${host.kernel}), so it is no virtual machine`;
  }
  if (inside.kernelVersion.includes(GVISOR_VERSION)) return `it shows gVisor's kernel (${inside.kernel})`;
  return null;
}

export async function hostKernel(): Promise<{ kernel: string; kernelVersion: string }> {
  return { kernel: release(), kernelVersion: (await readFile('/proc/version', 'utf8')).trim() };
}
