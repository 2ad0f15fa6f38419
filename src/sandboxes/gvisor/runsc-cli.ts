import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AppError } from '../../errors.ts';
import { run, runError, type RunResult } from '../../lib/run.ts';
import type { ProcessSpec } from '../exec/client.ts';
import { requireContainerId } from '../requirements.ts';
import type { RunscCapabilities } from './capabilities.ts';
import type { GvisorPaths } from './paths.ts';

export type KillTarget = 'init' | 'all' | { pid: number };

export type RunscNetwork = 'none' | 'sandbox' | 'host';

const stateSchema = z.object({
  id: z.string(),
  /** `creating`, `created`, `running`, `paused`, `stopped`. */
  status: z.string(),
  /** The sandbox process; 0 or -1 when there is none. */
  pid: z.number().nullish(),
});
export type RunscState = z.output<typeof stateSchema>;
// An empty list is printed as `null`.
const listSchema = z.array(stateSchema).nullable();

/** A process inside the sandbox, by the pid that it has there. */
export interface RunscProcess {
  uid: number;
  pid: number;
  ppid: number;
  /** The program's name, at most 15 characters. */
  command: string;
}

export interface ExecCall {
  /** A file that holds {@link RunscClient.processJson}. */
  processFile: string;
  /** runsc writes the pid inside the sandbox here. */
  internalPidFile: string;
  /** JSON lines; the reason of a failed start is in it. */
  logFile: string;
}

/** Knows flags and output of runsc; order and policy are the driver's. Every call names one id and has a deadline. */
export interface RunscClient {
  readonly capabilities: RunscCapabilities;
  readonly platform: string;
  /** The flags before the command, the same for every call of one container. */
  globalArgs(options?: { network?: RunscNetwork; logFile?: string }): string[];
  /** argv (without the binary) of a streaming exec; never `--detach`, whose argv is mangled. */
  execArgs(id: string, call: ExecCall): string[];
  processJson(spec: ProcessSpec): string;
  /** Its streams are /dev/null: they become the container's for life. Returns the pid of the sandbox process. */
  create(
    id: string,
    options: { bundle: string; pidFile: string; network: RunscNetwork; signal?: AbortSignal },
  ): Promise<number>;
  start(id: string, options: { network: RunscNetwork; signal?: AbortSignal }): Promise<void>;
  /** To PID 1, to all processes, or to one pid inside. Paused and created containers refuse it. */
  kill(id: string, signal: 'TERM' | 'KILL', target: KillTarget, abort?: AbortSignal): Promise<void>;
  pause(id: string): Promise<void>;
  resume(id: string, abort?: AbortSignal): Promise<void>;
  /** Null when there is no such container. */
  state(id: string, abort?: AbortSignal): Promise<RunscState | null>;
  list(): Promise<RunscState[]>;
  ps(id: string, abort?: AbortSignal): Promise<RunscProcess[]>;
  /** By force. What is not there afterwards is deleted, whatever the exit code was; what is there is an error. */
  delete(id: string): Promise<void>;
}

export interface RunscClientOptions {
  capabilities: RunscCapabilities;
  platform: string;
  paths: GvisorPaths;
  /** A call that takes longer is killed and is RUNTIME_TIMEOUT. Default 30 s. */
  timeoutMs?: number;
}

/** A create takes 0.1 to 0.3 s and a delete without a reaper up to 2 s; the rest is for a loaded host. */
const CALL_TIMEOUT_MS = 30_000;
/** Both ages: "file does not exist", "container does not exist", "not found". */
const MISSING_PATTERN = /does not exist|not found|no such file/i;

export function createRunscClient(options: RunscClientOptions): RunscClient {
  const { capabilities, platform, paths } = options;
  const timeoutMs = options.timeoutMs ?? CALL_TIMEOUT_MS;
  const has = (flag: string): boolean => capabilities.flags.has(flag);

  function globalArgs(given: { network?: RunscNetwork; logFile?: string } = {}): string[] {
    return [
      // The default root depends on XDG_RUNTIME_DIR.
      `--root=${paths.runscRoot}`,
      `--platform=${platform}`,
      `--network=${given.network ?? 'none'}`,
      // The root is a host overlayfs: gVisor's own overlay dies on a full disk.
      ...(has('overlay2') ? ['--overlay2=none'] : []),
      ...(has('host-uds') ? ['--host-uds=none'] : []),
      ...(has('net-raw') ? ['--net-raw=false'] : []),
      ...(has('allow-flag-override') ? ['--allow-flag-override=false'] : []),
      // Otherwise the guest sees every CPU of the host and its run-times start as many threads.
      ...(has('cpu-num-from-quota') ? ['--cpu-num-from-quota=true'] : []),
      // The default mounts one namespace in the root directory for all, and leaves it there.
      ...(has('gofer-network-namespace') ? ['--gofer-network-namespace=new'] : []),
      ...(given.logFile === undefined ? [] : [`--log=${given.logFile}`, '--log-format=json']),
    ];
  }

  async function call(
    id: string | null,
    command: readonly string[],
    given: { network?: RunscNetwork; signal?: AbortSignal; output?: 'capture' | 'ignore' } = {},
  ): Promise<RunResult> {
    if (id !== null) requireContainerId(id);
    const logFile = id === null ? undefined : logFileFor(paths, id, command[0] ?? 'call');
    const result = await run({
      file: capabilities.binary,
      args: [
        ...globalArgs({
          ...(given.network === undefined ? {} : { network: given.network }),
          ...(logFile === undefined ? {} : { logFile }),
        }),
        ...command,
      ],
      timeoutMs,
      ...withSignal(given.signal),
      ...(given.output === undefined ? {} : { output: given.output }),
    });
    if (logFile === undefined) return result;
    const message = result.exitCode === 0 ? null : await readLogMessage(logFile);
    await rm(logFile, { force: true });
    return message === null ? result : { ...result, stderr: message };
  }

  async function callOrThrow(...given: Parameters<typeof call>): Promise<RunResult> {
    const result = await call(...given);
    if (result.exitCode !== 0) throw runscError(given[1][0] ?? 'call', given[0], result);
    return result;
  }

  async function state(id: string, abort?: AbortSignal): Promise<RunscState | null> {
    const result = await call(id, ['state', id], withSignal(abort));
    if (result.exitCode === 0) return stateSchema.parse(JSON.parse(result.stdout));
    if (isMissing(result)) return null;
    throw runscError('state', id, result);
  }

  return {
    capabilities,
    platform,
    globalArgs,
    execArgs(id, exec) {
      requireContainerId(id);
      return [
        ...globalArgs({ logFile: exec.logFile }),
        'exec',
        `--process=${exec.processFile}`,
        `--internal-pid-file=${exec.internalPidFile}`,
        id,
      ];
    },
    processJson,
    async create(id, { bundle, pidFile, network, signal }) {
      await callOrThrow(id, ['create', `--bundle=${bundle}`, `--pid-file=${pidFile}`, id], {
        network,
        output: 'ignore',
        ...withSignal(signal),
      });
      return z.coerce
        .number()
        .int()
        .positive()
        .parse((await readFile(pidFile, 'utf8')).trim());
    },
    async start(id, { network, signal }) {
      await callOrThrow(id, ['start', id], {
        network,
        output: 'ignore',
        ...withSignal(signal),
      });
    },
    async kill(id, signal, target, abort) {
      const flags = target === 'init' ? [] : target === 'all' ? ['--all'] : [`--pid=${target.pid}`];
      await callOrThrow(id, ['kill', ...flags, id, signal], withSignal(abort));
    },
    async pause(id) {
      await callOrThrow(id, ['pause', id]);
    },
    async resume(id, abort) {
      await callOrThrow(id, ['resume', id], withSignal(abort));
    },
    state,
    async list() {
      const result = await callOrThrow(null, ['list', '--format=json']);
      return listSchema.parse(JSON.parse(result.stdout)) ?? [];
    },
    async ps(id, abort) {
      // The JSON has pids only.
      const result = await callOrThrow(id, ['ps', '--format=table', id], withSignal(abort));
      return parseProcessTable(result.stdout);
    },
    async delete(id) {
      const result = await call(id, ['delete', '--force', id]);
      // Exit codes lie both ways: an error where nobody reaped the sandbox in time, success where it is still there.
      const left = await state(id);
      if (left !== null) {
        throw new AppError('CLEANUP_FAILED', `runsc delete left container ${id} in state ${left.status}`, {
          context: { exitCode: result.exitCode, said: result.stderr.slice(-500) },
        });
      }
    },
  };
}

/** `UID PID PPID C TTY STIME TIME CMD`, one process a line. */
export function parseProcessTable(table: string): RunscProcess[] {
  const rows = [...table.matchAll(/^(\d+)\s+(\d+)\s+(\d+)\s+\S+\s+\S+\s+\S+\s+\S+\s+(.*)$/gm)];
  return rows.map(([, uid, pid, ppid, command]) => ({
    uid: Number(uid),
    pid: Number(pid),
    ppid: Number(ppid),
    command: (command ?? '').trim(),
  }));
}

/** rlimits are left out: exec ignores them, the container's count. */
export function processJson(spec: ProcessSpec): string {
  const capabilities = [...(spec.capabilities ?? [])];
  return JSON.stringify({
    terminal: false,
    user: { uid: spec.user.uid, gid: spec.user.gid },
    args: spec.args,
    env: spec.env,
    cwd: spec.cwd,
    noNewPrivileges: true,
    capabilities: {
      bounding: capabilities,
      effective: capabilities,
      inheritable: [],
      permitted: capabilities,
      ambient: [],
    },
  });
}

/** The last error in a log of `--log-format=json`; null when there is none or no file. */
export async function readLogMessage(logFile: string): Promise<string | null> {
  return parseLogMessage(await readFile(logFile, 'utf8').catch(() => ''));
}

const logEntrySchema = z.object({ msg: z.string(), level: z.string() });

/** Entries follow each other without a newline, so they are cut where an object starts; one cut short by a kill is none. */
export function parseLogMessage(log: string): string | null {
  let message: string | null = null;
  for (const text of log.split(/(?<=\})\s*(?=\{"msg":)/)) {
    const entry = logEntrySchema.safeParse(parseJson(text));
    if (entry.success && ['error', 'warning', 'fatal'].includes(entry.data.level)) {
      message = entry.data.msg.replace(/^FATAL ERROR: /, '').trim();
    }
  }
  return message;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function withSignal(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** A log belongs to the container's directory, so that nothing outlives it; without the directory there is none. */
function logFileFor(paths: GvisorPaths, id: string, verb: string): string | undefined {
  const { logs } = paths.container(id);
  return existsSync(logs) ? path.join(logs, `${verb}-${randomBytes(4).toString('hex')}.json`) : undefined;
}

function isMissing(result: RunResult): boolean {
  return !result.timedOut && MISSING_PATTERN.test(result.stderr);
}

function runscError(verb: string, id: string | null, result: RunResult): AppError {
  const base = runError(result);
  const said = result.stderr.trim().split('\n').at(-1)?.slice(0, 500) ?? '';
  return new AppError(
    base.code,
    `runsc ${verb}${id === null ? '' : ` ${id}`}: ${said === '' ? base.message : said}`,
    {
      context: base.context,
    },
  );
}
