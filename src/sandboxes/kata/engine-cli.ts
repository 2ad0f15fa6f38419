import { z } from 'zod';
import { AppError } from '../../errors.ts';
import { run, SAFE_PATH, type RunResult } from '../../lib/run.ts';
import { engineError, failedInSilence, isAnswer } from './engine-error.ts';
import type { EngineContainer } from './engine-inspect.ts';
import { ENGINES, type Engine, type EngineName, parseJson } from './engines.ts';

const versionSchema = z.object({
  Client: z.object({ Version: z.string().optional() }).nullish(),
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
const listedSchema = z.object({ Names: z.string() });
const imageSchema = z.object({
  Id: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  RepoTags: z.array(z.string()).nullish(),
  RepoDigests: z.array(z.string()).nullish(),
  Config: z.object({ Volumes: z.record(z.string(), z.unknown()).nullish() }).nullish(),
});
const listedImageSchema = z.object({ Repository: z.string(), Tag: z.string() });

export interface EngineVersion {
  engine: string;
  /** Null where the engine does not say. */
  containerd: string | null;
}

export interface EngineImageFacts {
  /** `sha256:` and 64 hex digits; what the engine starts it by. */
  id: string;
  /** `python:3.12`, … */
  tags: readonly string[];
  /** Paths that the image wants volumes for. */
  volumes: readonly string[];
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
  /** By tag or id; null when there is none. */
  inspectImage(reference: string): Promise<EngineImageFacts | null>;
  /** Tags of all images. */
  imageTags(): Promise<string[]>;
  /** An archive as `docker save` writes it. */
  load(archive: string): Promise<void>;
  removeImage(tag: string): Promise<void>;
  createNetwork(
    name: string,
    options: { bridge: string; subnet: string; gateway: string; label: string; mtu: number },
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

  /** As the engine says it; null when there is no such image. */
  async function describeImage(reference: string): Promise<string | null> {
    const result = await call(['image', 'inspect', '--format={{json .}}', reference]);
    if (result.exitCode === 0) return result.stdout;
    if (isAnswer(result) && MISSING_PATTERN.test(result.stderr)) return null;
    throw engineError(engine.name, ['image inspect'], result);
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
      const { Client: client, Server: server } = parsed(
        versionSchema,
        await callOrThrow(['version', '--format={{json .}}']),
        'version',
      );
      const of = (name: string) => server?.Components?.find((one) => one.Name === name)?.Version ?? null;
      // Docker names itself twice; nerdctl is a client only, with a `v` before its number, and its server is containerd.
      const said = server?.Version ?? of('Engine') ?? client?.Version;
      return { engine: /\d+\.\d.*/.exec(said ?? '')?.[0] ?? 'unknown', containerd: of('containerd') };
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
      const args = ['rm', '--force', '--volumes', name];
      // The first may have found the sandbox ending by its own kill; the second finds it ended.
      for (let tries = 1; tries <= 2; tries += 1) {
        const result = await call(args);
        if (isAnswer(result) && MISSING_PATTERN.test(result.stderr)) return;
        if (result.exitCode === 0 && !failedInSilence(result)) return;
        if (result.exitCode !== 0 || tries === 2) throw engineError(engine.name, args, result);
      }
    },
    async inspect(name) {
      const result = await call([...engine.inspect.args, name]);
      if (result.exitCode !== 0 && isAnswer(result) && MISSING_PATTERN.test(result.stderr)) return null;
      if (result.exitCode !== 0) throw engineError(engine.name, ['inspect'], result);
      return parsed(engine.inspect.schema, result.stdout, 'inspect')[0] ?? null;
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
      return (await describeImage(tag)) !== null;
    },
    async inspectImage(reference) {
      const said = await describeImage(reference);
      if (said === null) return null;
      const found = parsed(imageSchema, said, 'image inspect');
      return {
        id: engine.startsByManifest ? (manifestOf(found.RepoDigests) ?? found.Id) : found.Id,
        tags: found.RepoTags ?? [],
        volumes: Object.keys(found.Config?.Volumes ?? {}),
      };
    },
    async imageTags() {
      const lines = linesOf(await callOrThrow(['image', 'ls', '--format={{json .}}']));
      const images = lines.map((line) => parsed(listedImageSchema, line, 'image ls'));
      return images.flatMap(({ Repository: name, Tag: tag }) =>
        name === '<none>' || tag === '<none>' ? [] : [`${name}:${tag}`],
      );
    },
    async load(archive) {
      await callOrThrow(['load', `--input=${archive}`], LOAD_TIMEOUT_MS);
    },
    async removeImage(tag) {
      await callUnless(MISSING_PATTERN, ['rmi', '--force', tag]);
    },
    async createNetwork(name, { bridge, subnet, gateway, label, mtu }) {
      await callOrThrow([
        'network',
        'create',
        '--driver=bridge',
        `--subnet=${subnet}`,
        `--gateway=${gateway}`,
        `--label=${label}`,
        `--opt=com.docker.network.bridge.name=${bridge}`,
        `--opt=com.docker.network.driver.mtu=${mtu}`,
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
      ...engine.beforeArgv,
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
    ...engine.beforeArgv,
    ...args,
  ];
}

/** Of `python@sha256:…`. */
function manifestOf(digests: readonly string[] | null | undefined): string | undefined {
  return digests?.flatMap((one) => /@(sha256:[0-9a-f]{64})$/.exec(one)?.[1] ?? [])[0];
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
