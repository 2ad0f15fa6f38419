import path from 'node:path';
import { AppError } from '../../errors.ts';
import { run } from '../../lib/run.ts';
import { findProgram } from '../find-program.ts';
import { createEngineClient, type EngineClient, type EngineVersion } from './engine-cli.ts';
import { ENGINE_NAMES, type EngineName } from './engines.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A runtime that a test puts in the place of Kata: nothing is claimed of its kernel. */
export interface UnprovenRuntime {
  engine: EngineName;
  /** Path of the engine's command; default the one on PATH. */
  binary?: string;
  runtime: string;
  /** Milliseconds for one call of the engine; default 60 s. */
  timeoutMs?: number;
  /** A named network namespace that plays the host. */
  hostNamespace?: string;
}

export const INSTALL_HINT = 'install Kata Containers and register it with docker or nerdctl: docs/kata.md';
const VERSION_TIMEOUT_MS = 10_000;
const SHIM_NAME = 'io.containerd.kata.v2';
const SHIM_PROGRAM = 'containerd-shim-kata-v2';
/** In order of preference, as installers name it; others that begin so come after. */
const KNOWN_RUNTIMES = ['kata', 'kata-runtime', 'kata-qemu', 'kata-clh', 'kata-fc', SHIM_NAME];
const RUNTIME_PATTERN = /^(kata([.-][a-z0-9]+)*|io\.containerd\.kata([.-][a-z0-9]+)*\.v2)$/;

/** The engine that is configured, else all on PATH, in order of preference; at least one. Throws NO_RUNTIME. */
export async function findEngines(
  environment: Environment,
  unproven: UnprovenRuntime | undefined,
): Promise<[EngineClient, ...EngineClient[]]> {
  const remote = environment['DOCKER_HOST'];
  const configured = environment['AIRLOCK_KATA_ENGINE'] || undefined;
  const wanted = ENGINE_NAMES.filter((name) =>
    unproven === undefined ? configured === undefined || name === configured : name === unproven.engine,
  );
  const found: EngineClient[] = [];
  for (const engine of wanted) {
    const binary = unproven?.binary ?? (await findProgram(engine, environment['PATH']));
    if (binary === null) continue;
    if (engine === 'docker' && remote !== undefined && remote !== '' && !remote.startsWith('unix://')) {
      throw missing(
        'DOCKER_HOST names a daemon that is not on this host',
        'unset DOCKER_HOST: disks are mounted from this host',
      );
    }
    const timeoutMs = unproven?.timeoutMs;
    found.push(
      createEngineClient({
        engine,
        binary,
        environment,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      }),
    );
  }
  const [first, ...others] = found;
  if (first !== undefined) return [first, ...others];
  throw configured === undefined
    ? missing('neither docker nor nerdctl is on PATH', INSTALL_HINT)
    : missing(
        `AIRLOCK_KATA_ENGINE=${configured}: there is no such engine on PATH`,
        'install it, or unset AIRLOCK_KATA_ENGINE to take what is there (docker or nerdctl; Kata does not support podman)',
      );
}

/** The runtime that is configured, else the first of Kata's that the engine has. Throws NO_RUNTIME. */
export async function chooseRuntime(
  environment: Environment,
  client: EngineClient,
  version: EngineVersion,
): Promise<string> {
  const listed = client.engine.listsRuntimes ? [...(await client.runtimes()).keys()] : [];
  const shim = await findProgram(SHIM_PROGRAM, environment['PATH']);
  // An engine that does not say its version may know them: the proof tells.
  const byShim = shim !== null && !(Number.parseInt(version.engine, 10) < client.engine.shimNamesSince);
  const there = [...new Set([...listed, ...(byShim ? [SHIM_NAME] : [])])];
  const configured = environment['AIRLOCK_KATA_RUNTIME'] || undefined;
  if (configured !== undefined) {
    // An engine that lists nothing, and names of shims, are tried: the proof tells.
    if (
      there.includes(configured) ||
      !client.engine.listsRuntimes ||
      configured.startsWith('io.containerd.')
    ) {
      return configured;
    }
    throw missing(
      `AIRLOCK_KATA_RUNTIME=${configured}: ${client.engine.name} has ${there.join(', ') || 'no other'}`,
      'register it in daemon.json, or unset AIRLOCK_KATA_RUNTIME: docs/kata.md',
    );
  }
  const [best] = there.filter((name) => RUNTIME_PATTERN.test(name)).toSorted((a, b) => order(a) - order(b));
  if (best !== undefined) return best;
  throw missing(
    `${client.engine.name} has no Kata runtime${listed.length === 0 ? '' : ` (it has ${listed.toSorted().join(', ')})`}`,
    INSTALL_HINT,
  );
}

function order(name: string): number {
  const index = KNOWN_RUNTIMES.indexOf(name);
  return index === -1 ? KNOWN_RUNTIMES.length : index;
}

/** As the shim or the command of Kata says; null when neither does. */
export async function kataVersion(
  environment: Environment,
  client: EngineClient,
  runtime: string,
): Promise<string | null> {
  const registered = client.engine.listsRuntimes ? (await client.runtimes()).get(runtime) : null;
  const candidates = [
    registered ?? null,
    await findProgram(SHIM_PROGRAM, environment['PATH']),
    await findProgram('kata-runtime', environment['PATH']),
  ];
  for (const file of candidates) {
    if (file === null || !path.isAbsolute(file)) continue;
    const said = await run({ file, args: ['--version'], timeoutMs: VERSION_TIMEOUT_MS });
    const version = /kata[^\n]*?(\d+\.\d+\.\d+\S*)/i.exec(said.stdout)?.[1];
    if (version !== undefined) return version;
  }
  return null;
}

export function missing(message: string, hint: string): AppError {
  return new AppError('NO_RUNTIME', message, { hint });
}
