import { z } from 'zod';
import { AppError } from '../../errors.ts';
import { run, runError, SAFE_PATH, type RunResult } from '../../lib/run.ts';
import { ENGINES, type Engine, type EngineName, parseJson } from './engines.ts';

const versionSchema = z.object({
  Server: z
    .object({
      Version: z.string().optional(),
      Components: z.array(z.object({ Name: z.string(), Version: z.string() })).nullish(),
    })
    .nullish(),
});
const infoSchema = z.object({
  Runtimes: z.record(z.string(), z.object({ path: z.string().optional() })).nullish(),
  SecurityOptions: z.array(z.string()).nullish(),
});
const inspectSchema = z
  .array(
    z.object({
      Id: z.string().regex(/^[0-9a-f]{64}$/),
      State: z.object({
        Status: z.string(),
        Pid: z.number().default(0),
        ExitCode: z.number().default(0),
        OOMKilled: z.boolean().default(false),
      }),
      HostConfig: z
        .object({
          NanoCpus: z.number().default(0),
          CpuQuota: z.number().default(0),
          CpuPeriod: z.number().default(0),
          Memory: z.number().default(0),
          Runtime: z.string().optional(),
        })
        .default({ NanoCpus: 0, CpuQuota: 0, CpuPeriod: 0, Memory: 0 }),
    }),
  )
  .length(1);
const listedSchema = z.object({ Names: z.string() });

export interface EngineVersion {
  engine: string;
  /** Null where the engine does not say. */
  containerd: string | null;
}

export interface EngineContainer {
  /** 64 hex digits. */
  engineId: string;
  /** `created`, `running`, `paused`, `exited`, `dead`, `removing`. */
  status: string;
  /** Host process of the sandbox; 0 when there is none. */
  pid: number;
  exitCode: number;
  outOfMemory: boolean;
  /** What the engine took down as limits; null where none is set. */
  cpuCores: number | null;
  memoryBytes: number | null;
}

export interface CreateOptions {
  name: string;
  runtime: string;
  image: string;
  hostname: string;
  user: string;
  cpuCores: number;
  memoryMb: number;
  /** Host processes and threads, a far fence. */
  pids: number;
  maxProcesses: number;
  maxOpenFiles: number;
  network: string;
  labels: Readonly<Record<string, string>>;
  /** `NAME=value`. */
  environment: readonly string[];
  mounts: readonly { source: string; target: string; readOnly: boolean }[];
  argv: readonly [string, ...string[]];
}

/** Knows flags and output of the engines; order and policy are the driver's. Every call has a deadline. */
export interface EngineClient {
  readonly engine: Engine;
  /** Absolute. */
  readonly binary: string;
  /** For the client program, streaming ones too. */
  readonly environment: Record<string, string>;
  version(): Promise<EngineVersion>;
  /** Runtimes that the engine says it has, with the paths it has them from. */
  runtimes(): Promise<ReadonlyMap<string, string | null>>;
  /** Not cancelled: what an abandoned client has asked for would come to be later. Resolves with the engine's id. */
  create(options: CreateOptions): Promise<string>;
  start(name: string): Promise<void>;
  kill(name: string): Promise<void>;
  pause(name: string): Promise<void>;
  unpause(name: string): Promise<void>;
  /** By force, with its volumes. What is not there is removed. */
  remove(name: string): Promise<void>;
  /** Null when there is no such container. */
  inspect(name: string): Promise<EngineContainer | null>;
  /** Names of all containers with the label, running or not. */
  list(label: string): Promise<string[]>;
  hasImage(tag: string): Promise<boolean>;
  /** An archive as `docker save` writes it. */
  load(archive: string): Promise<void>;
  removeImage(tag: string): Promise<void>;
  createNetwork(
    name: string,
    options: { bridge: string; subnet: string; gateway: string; label: string },
  ): Promise<void>;
  removeNetwork(name: string): Promise<void>;
  networks(label: string): Promise<string[]>;
  /** argv (without the binary) of a streaming exec. */
  execArgs(
    name: string,
    options: {
      user: string;
      cwd: string;
      environment: readonly string[];
      /** With more of it, a `NAME=value` a line; other users of the host cannot read it. */
      environmentFile?: string;
      privileged: boolean;
      stdin: boolean;
    },
    argv: readonly string[],
  ): string[];
}

export interface EngineClientOptions {
  engine: EngineName;
  binary: string;
  /** The bot's own; only the engine's variables are taken from it. */
  environment: Readonly<Record<string, string | undefined>>;
  /** A call that takes longer is killed and is RUNTIME_TIMEOUT. Default 60 s. */
  timeoutMs?: number;
}

/** A virtual machine without hardware behind it takes 3 s to start; the rest is for a loaded host. */
const CALL_TIMEOUT_MS = 60_000;
/** A gigabyte of root file system on a slow disk. */
const LOAD_TIMEOUT_MS = 600_000;
const MISSING_PATTERN = /no such (container|object|image|network)|not found/i;
const NOT_RUNNING_PATTERN =
  /is not running|not paused|already paused|no running task|process already finished/i;

export function createEngineClient(options: EngineClientOptions): EngineClient {
  const engine: Engine = ENGINES[options.engine];
  const timeoutMs = options.timeoutMs ?? CALL_TIMEOUT_MS;
  const environment: Record<string, string> = { PATH: options.environment['PATH'] ?? SAFE_PATH };
  for (const name of engine.environment) {
    const value = options.environment[name];
    if (value !== undefined) environment[name] = value;
  }

  const call = (args: readonly string[], limitMs = timeoutMs): Promise<RunResult> =>
    run({ file: options.binary, args, env: environment, timeoutMs: limitMs });

  async function callOrThrow(args: readonly string[], limitMs?: number): Promise<string> {
    const result = await call(args, limitMs);
    if (result.exitCode !== 0) throw engineError(engine.name, args, result);
    return result.stdout;
  }

  /** Success too when there is nothing (any more) to do it to. */
  async function callUnless(pattern: RegExp, args: readonly string[]): Promise<void> {
    const result = await call(args);
    if (result.exitCode !== 0 && !(isAnswer(result) && pattern.test(result.stderr))) {
      throw engineError(engine.name, args, result);
    }
  }

  function parsed<T>(schema: z.ZodType<T>, text: string, verb: string): T {
    const result = schema.safeParse(parseJson(text));
    if (result.success) return result.data;
    throw new AppError('RUNTIME_FAILED', `${engine.name} ${verb} answered what cannot be read`, {
      hint: `is ${options.binary} really ${engine.name}? Set AIRLOCK_KATA_ENGINE`,
      context: { stdout: text.slice(0, 500), problem: z.prettifyError(result.error).slice(0, 500) },
    });
  }

  return {
    engine,
    binary: options.binary,
    environment,
    async version() {
      const { Server: server } = parsed(
        versionSchema,
        await callOrThrow(['version', '--format={{json .}}']),
        'version',
      );
      const of = (name: string) => server?.Components?.find((one) => one.Name === name)?.Version ?? null;
      // Docker names itself twice, nerdctl's server is containerd.
      return {
        engine: server?.Version ?? of('Engine') ?? of('containerd') ?? 'unknown',
        containerd: of('containerd'),
      };
    },
    async runtimes() {
      const info = parsed(infoSchema, await callOrThrow(['info', '--format={{json .}}']), 'info');
      return new Map(Object.entries(info.Runtimes ?? {}).map(([name, one]) => [name, one.path ?? null]));
    },
    async create(given) {
      const stdout = await callOrThrow(['create', ...createArgs(engine, given)]);
      return parsed(
        z.string().regex(/^[0-9a-f]{64}$/),
        JSON.stringify(stdout.trim().split('\n').at(-1)),
        'create',
      );
    },
    async start(name) {
      await callOrThrow(['start', name]);
    },
    async kill(name) {
      await callUnless(new RegExp(`${MISSING_PATTERN.source}|${NOT_RUNNING_PATTERN.source}`, 'i'), [
        'kill',
        '--signal=KILL',
        name,
      ]);
    },
    async pause(name) {
      await callOrThrow(['pause', name]);
    },
    async unpause(name) {
      await callOrThrow(['unpause', name]);
    },
    async remove(name) {
      await callUnless(MISSING_PATTERN, ['rm', '--force', '--volumes', name]);
    },
    async inspect(name) {
      const result = await call(['container', 'inspect', name]);
      if (result.exitCode !== 0 && isAnswer(result) && MISSING_PATTERN.test(result.stderr)) return null;
      if (result.exitCode !== 0) throw engineError(engine.name, ['inspect'], result);
      const [found] = parsed(inspectSchema, result.stdout, 'inspect');
      if (found === undefined) return null;
      const { State: state, HostConfig: host } = found;
      const quota = host.CpuQuota > 0 && host.CpuPeriod > 0 ? host.CpuQuota / host.CpuPeriod : null;
      return {
        engineId: found.Id,
        status: state.Status,
        pid: state.Pid,
        exitCode: state.ExitCode,
        outOfMemory: state.OOMKilled,
        cpuCores: host.NanoCpus > 0 ? host.NanoCpus / 1e9 : quota,
        memoryBytes: host.Memory > 0 ? host.Memory : null,
      };
    },
    async list(label) {
      const stdout = await callOrThrow([
        'ps',
        '--all',
        '--no-trunc',
        `--filter=label=${label}`,
        '--format={{json .}}',
      ]);
      return linesOf(stdout).map((line) => parsed(listedSchema, line, 'ps').Names);
    },
    async hasImage(tag) {
      const result = await call(['image', 'inspect', '--format={{json .}}', tag]);
      if (result.exitCode === 0) return true;
      if (isAnswer(result) && MISSING_PATTERN.test(result.stderr)) return false;
      throw engineError(engine.name, ['image inspect'], result);
    },
    async load(archive) {
      await callOrThrow(['load', `--input=${archive}`], LOAD_TIMEOUT_MS);
    },
    async removeImage(tag) {
      await callUnless(MISSING_PATTERN, ['rmi', '--force', tag]);
    },
    async createNetwork(name, { bridge, subnet, gateway, label }) {
      await callOrThrow([
        'network',
        'create',
        '--driver=bridge',
        `--subnet=${subnet}`,
        `--gateway=${gateway}`,
        `--label=${label}`,
        `--opt=com.docker.network.bridge.name=${bridge}`,
        '--opt=com.docker.network.bridge.enable_icc=false',
        // The masquerading is in the firewall of its own.
        '--opt=com.docker.network.bridge.enable_ip_masquerade=false',
        name,
      ]);
    },
    async removeNetwork(name) {
      await callUnless(MISSING_PATTERN, ['network', 'rm', name]);
    },
    async networks(label) {
      const stdout = await callOrThrow(['network', 'ls', `--filter=label=${label}`, '--format={{.Name}}']);
      return linesOf(stdout);
    },
    execArgs: (name, given, argv) => [
      'exec',
      ...(given.stdin ? ['--interactive'] : []),
      ...(given.privileged ? ['--privileged'] : []),
      `--user=${given.user}`,
      `--workdir=${given.cwd}`,
      ...(given.environmentFile === undefined ? [] : [`--env-file=${given.environmentFile}`]),
      ...given.environment.map((pair) => `--env=${pair}`),
      name,
      ...argv,
    ],
  };
}

function createArgs(engine: Engine, given: CreateOptions): string[] {
  const [program, ...args] = given.argv;
  return [
    `--name=${given.name}`,
    `--runtime=${given.runtime}`,
    '--pull=never',
    ...engine.createFlags,
    `--hostname=${given.hostname}`,
    `--user=${given.user}`,
    '--workdir=/',
    '--read-only',
    '--cap-drop=ALL',
    '--security-opt=no-new-privileges',
    `--network=${given.network}`,
    `--cpus=${given.cpuCores}`,
    `--memory=${given.memoryMb}m`,
    // Memory and swap together: the same number means no swap.
    `--memory-swap=${given.memoryMb}m`,
    `--pids-limit=${given.pids}`,
    // What limits processes inside: the pids limit is not enforced in a guest.
    `--ulimit=nproc=${given.maxProcesses}:${given.maxProcesses}`,
    `--ulimit=nofile=${given.maxOpenFiles}:${given.maxOpenFiles}`,
    '--ulimit=core=0:0',
    ...Object.entries(given.labels).map(([name, value]) => `--label=${name}=${value}`),
    ...given.environment.map((pair) => `--env=${pair}`),
    ...given.mounts.map(
      ({ source, target, readOnly }) =>
        `--mount=type=bind,source=${source},target=${target}${readOnly ? ',readonly' : ''}`,
    ),
    `--entrypoint=${program}`,
    given.image,
    ...args,
  ];
}

/** The engine ended by itself and said something: what it says counts. */
function isAnswer(result: RunResult): boolean {
  return result.exitCode !== null && !result.timedOut && !result.cancelled;
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

function engineError(engine: EngineName, args: readonly string[], result: RunResult): AppError {
  const base = runError(result);
  const said = result.stderr
    .trim()
    .split('\n')
    .find((line) => line.trim() !== '')
    ?.slice(0, 500);
  const verb = args[0] ?? 'call';
  if (isAnswer(result) && /cannot connect|connection refused|is the .*daemon running/i.test(result.stderr)) {
    return new AppError('RUNTIME_FAILED', `the ${engine} engine does not answer: ${said ?? base.message}`, {
      hint: `start it (systemctl start ${engine === 'docker' ? 'docker' : 'containerd'})`,
      context: base.context,
    });
  }
  if (/no space left on device/i.test(result.stderr)) {
    return new AppError('DISK_FULL', `${engine} ${verb}: ${said ?? base.message}`, {
      hint: "free space on the engine's disk",
      context: base.context,
    });
  }
  return new AppError(base.code, `${engine} ${verb}: ${said ?? base.message}`, { context: base.context });
}
