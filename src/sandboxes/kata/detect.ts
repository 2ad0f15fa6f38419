import { mkdir, readFile, stat } from 'node:fs/promises';
import { release } from 'node:os';
import path from 'node:path';
import { type AppError, toAppError } from '../../errors.ts';
import { ensureToolbox } from '../images/toolbox.ts';
import { createMemory } from '../remembered.ts';
import { provenCapabilities, unavailableInfo } from '../runtime-info.ts';
import type { DriverContext, RuntimeInfo } from '../sandbox.ts';
import { allowedByName } from '../unenforced.ts';
import type { EngineClient, EngineVersion } from './engine-cli.ts';
import {
  chooseRuntime,
  findEngines,
  INSTALL_HINT,
  kataVersion,
  missing,
  type UnprovenRuntime,
} from './find.ts';
import { createEngineImages } from './images.ts';
import { knownBadPairs } from './known-bad.ts';
import { createEngineNetworks, type EngineNetworks } from './networks.ts';
import type { KataNames, LiveParts } from './parts.ts';
import type { KataPaths } from './paths.ts';
import { type KataProof, proveRuntime, provenSchema } from './proof.ts';

export const KATA_TYPE = 'kata';

/** What detection found; `live` is null when no sandbox can run, `engine` when there is none either. */
export interface KataRuntime {
  info: RuntimeInfo;
  live: LiveParts | null;
  engine: FoundEngine | null;
}

export interface FoundEngine {
  client: EngineClient;
  networks: EngineNetworks;
}

export interface DetectParts {
  context: DriverContext;
  paths: KataPaths;
  names: KataNames;
  unproven?: UnprovenRuntime;
}

/**
 * Looks for an engine, asks it for a runtime of Kata, and proves that one with throw-away containers. What they have shown
 * holds while engine, runtime, kernel and boot are the same, unless it is asked for anew. Never throws.
 */
export async function detectKata(parts: DetectParts, anew: boolean): Promise<KataRuntime> {
  let engine: FoundEngine | null = null;
  try {
    if (process.getuid?.() !== 0) {
      throw missing('Kata sandboxes need root', 'start Airlock as root: sudo -E env "PATH=$PATH" npm start');
    }
    const { environment } = parts.context;
    const clients = await findEngines(
      { ...environment, NETCONFPATH: networkDirectory(parts) },
      parts.unproven,
    );
    const engines = clients.map((client) => ({ client, networks: networksOf(parts, client) }));
    engine = engines[0] ?? null;
    return await firstThatWorks(engines, (one) => detectRuntime(parts, one, anew));
  } catch (error) {
    return { live: null, engine, info: whyUnavailable(toAppError(error), parts.context.environment, engine) };
  }
}

/** Docker without a daemon, or without Kata, is no fault where nobody has asked for Kata. */
function whyUnavailable(
  { message, context, hint = INSTALL_HINT }: AppError,
  environment: DriverContext['environment'],
  engine: FoundEngine | null,
): RuntimeInfo {
  const named = ['AIRLOCK_KATA_ENGINE', 'AIRLOCK_KATA_RUNTIME'].filter((name) => environment[name]);
  if (named.length > 0) {
    const unset = `or unset ${named.join(' and ')} if no Kata is wanted`;
    const howToGet = hint.includes('unset') ? hint : `${hint}; ${unset}`;
    return unavailableInfo({ type: KATA_TYPE, missing: message, howToGet, configured: true });
  }
  if (engine === null || context['unreachable'] !== true)
    return unavailableInfo({ type: KATA_TYPE, missing: message, howToGet: hint });
  const { name } = engine.client.engine;
  return unavailableInfo({
    type: KATA_TYPE,
    missing: `${name} is installed, and its engine does not answer`,
    howToGet: `to have Kata: ${hint}`,
  });
}

/** What the first of them says stands for all that fail. */
async function firstThatWorks<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R> {
  const failures: unknown[] = [];
  for (const one of all) {
    try {
      return await work(one);
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures[0];
}

async function detectRuntime(parts: DetectParts, engine: FoundEngine, anew: boolean): Promise<KataRuntime> {
  const { context, unproven } = parts;
  const { environment } = context;
  const { client, networks } = engine;
  const version = await client.version();
  const runtime = unproven?.runtime ?? (await chooseRuntime(environment, client, version));
  const kata = unproven === undefined ? await kataVersion(environment, client, runtime) : null;
  const bad = knownBadPairs({
    docker: client.engine.name === 'docker' ? version.engine : null,
    containerd: version.containerd,
    kata,
  });
  const live = await liveParts(parts, engine, runtime);
  const memory = createMemory(path.join(context.dataDir, 'kata-probe.json'), provenSchema);
  const key = await proofKey({ client, version, runtime, kata, unproven: unproven !== undefined });
  const noNetwork = bad.network ?? (await networks.whyNone());
  const kept = anew ? null : await memory.recall(key);
  // A host that could have no network and now can is tried again.
  const known = kept?.network === 'not tried' && noNetwork === null ? null : kept;
  const proof = known ?? (await proveRuntime(live, { tryNetwork: noNetwork === null }));
  if (known === null) await memory.remember(key, proof);
  const networkReason = noNetwork ?? (proof.network === 'works' ? null : proof.network);
  const info = availableInfo(live, { version, kata, proof, networkReason, warnings: bad.others });
  return { live, engine, info };
}

/** The next detection proves anew: perhaps the host is no longer what it was. */
export async function forgetProof(dataDir: string): Promise<void> {
  await createMemory(path.join(dataDir, 'kata-probe.json'), provenSchema).forget();
}

async function proofKey(facts: {
  client: EngineClient;
  version: EngineVersion;
  runtime: string;
  kata: string | null;
  unproven: boolean;
}): Promise<string> {
  const { client, version, runtime, kata, unproven } = facts;
  const registered = client.engine.listsRuntimes ? ((await client.runtimes()).get(runtime) ?? null) : null;
  // ctime: a binary put there with an old mtime, or with other rights, is another one.
  const binary =
    registered !== null && path.isAbsolute(registered) ? await stat(registered).catch(() => null) : null;
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  return JSON.stringify({
    engine: client.engine.name,
    version,
    runtime,
    kata,
    unproven,
    registered,
    size: binary?.size,
    ctimeMs: binary?.ctimeMs,
    kernel: release(),
    boot,
  });
}

async function liveParts(parts: DetectParts, engine: FoundEngine, runtime: string): Promise<LiveParts> {
  const { context, paths, names, unproven } = parts;
  const { log, clock, dataDir } = context;
  await mkdir(paths.base, { recursive: true, mode: 0o711 });
  return {
    paths,
    names,
    ...engine,
    runtime,
    log,
    clock,
    proven: unproven === undefined,
    toolbox: await ensureToolbox(dataDir),
    images: createEngineImages(engine.client, path.join(dataDir, 'kata-archives')),
    allowUnenforced: allowedByName(context.environment),
  };
}

/** An engine that goes by CNI finds networks there, and none of anybody else. */
function networkDirectory({ context }: DetectParts): string {
  return path.join(context.dataDir, 'kata-networks');
}

function networksOf(parts: DetectParts, client: EngineClient): EngineNetworks {
  const { context, names, unproven } = parts;
  const { installationId, log } = context;
  const namespace = unproven?.hostNamespace;
  return createEngineNetworks({
    client,
    installationId,
    label: names.label,
    directory: networkDirectory(parts),
    log,
    ...(namespace === undefined ? {} : { hostNamespace: namespace }),
  });
}

function availableInfo(
  live: LiveParts,
  facts: {
    version: EngineVersion;
    kata: string | null;
    proof: KataProof;
    networkReason: string | null;
    warnings: readonly string[];
  },
): RuntimeInfo {
  const { version, kata, proof, networkReason } = facts;
  const { engine } = live.client;
  return {
    type: KATA_TYPE,
    available: true,
    version: kata ?? 'unknown',
    platform: `${live.runtime} through ${engine.name} ${version.engine}, kernel ${proof.kernel}`,
    missing: [],
    howToGet: [],
    warnings: [
      ...facts.warnings,
      ...proof.unenforced.map(({ limit, reason }) => `the ${limit} limit is not in force: ${reason}`),
      ...(networkReason === null ? [] : [`agents with --network are refused: ${networkReason}`]),
    ],
    ...(networkReason === null ? {} : { networkReason }),
    capabilities: provenCapabilities(networkReason === null ? 'sandbox' : 'none', proof.unenforced),
  };
}
