import { mkdir } from 'node:fs/promises';
import { toAppError } from '../../errors.ts';
import { escapeLine } from '../../lib/escape-text.ts';
import type { Cgroups, Unenforced } from '../cgroups.ts';
import { ensureToolbox } from '../images/toolbox.ts';
import type { Networks } from '../networks/network.ts';
import { provenCapabilities, unavailableInfo } from '../runtime-info.ts';
import type { DriverContext, RuntimeInfo } from '../sandbox.ts';
import { readCapabilities, type RunscCapabilities } from './capabilities.ts';
import { findRunsc } from './find-binary.ts';
import { HOSTINET_WARNING, type NetworkMode } from './network-mode.ts';
import type { GvisorPaths } from './paths.ts';
import { probeContainer } from './probe.ts';
import { type Proven, probeKey, recallProbe, rememberProbe } from './remembered-probe.ts';
import { createRunscClient, type RunscClient } from './runsc-cli.ts';

/** What detection found; `client` is null when no sandbox can run. */
export interface GvisorRuntime {
  info: RuntimeInfo;
  client: RunscClient | null;
  toolbox: string;
  network: NetworkMode;
}

export interface DetectParts {
  context: DriverContext;
  paths: GvisorPaths;
  cgroups: Cgroups;
  networks: Networks;
}

const YEAR_MS = 365 * 24 * 3_600_000;
const INSTALL_HINT =
  'install gVisor: https://gvisor.dev/docs/user_guide/install/ or `sudo apt-get install -y runsc`';

/**
 * Looks for runsc, asks it what it can do, and proves it with throw-away containers. What they have shown is kept in the
 * data directory and holds while binary, kernel and boot are the same, unless it is asked for anew. Never throws.
 */
export async function detectRuntime(parts: DetectParts, anew: boolean): Promise<GvisorRuntime> {
  const { context, paths } = parts;
  if (process.getuid?.() !== 0)
    return unavailable(
      'gVisor sandboxes need root',
      'start Airlock as root: sudo -E env "PATH=$PATH" npm start',
    );
  const binary = await findRunsc(context.environment);
  if (binary === null) return notFound(context.environment['AIRLOCK_RUNSC']);
  let capabilities: RunscCapabilities | null = null;
  try {
    capabilities = await readCapabilities(binary);
    await mkdir(paths.runscRoot, { recursive: true, mode: 0o711 });
    const toolbox = await ensureToolbox(context.dataDir);
    const key = await probeKey({
      binary,
      version: capabilities.version,
      cgroups: parts.cgroups.version,
      hostNetwork: context.environment['AIRLOCK_GVISOR_HOSTINET'],
    });
    const known = anew ? null : await recallProbe(context.dataDir, key);
    if (known !== null) return runtimeOf(parts, capabilities, toolbox, known);
    return await probeRuntime(parts, capabilities, toolbox, key);
  } catch (error) {
    const { message, hint } = toAppError(error);
    return unavailable(message, hint ?? INSTALL_HINT, capabilities);
  }
}

function notFound(configured: string | undefined): GvisorRuntime {
  if (configured === undefined) return unavailable('runsc is not on PATH', INSTALL_HINT);
  const runtime = unavailable(
    `AIRLOCK_RUNSC=${escapeLine(configured)} is not a program that can be run`,
    'set AIRLOCK_RUNSC to the path of runsc, or unset it to take the one on PATH',
  );
  return { ...runtime, info: { ...runtime.info, configured: true } };
}

async function probeRuntime(
  parts: DetectParts,
  capabilities: RunscCapabilities,
  toolbox: string,
  key: string,
): Promise<GvisorRuntime> {
  const { context, paths } = parts;
  const failures: string[] = [];
  // What may come out otherwise the next time (a deadline, a host without a route) is not kept.
  let certain = true;
  for (const platform of capabilities.platforms) {
    const client = createRunscClient({ capabilities, platform, paths });
    const probe = await probeContainer({ ...parts, client, toolbox, log: context.log }, 'none');
    certain &&= probe.certain;
    if (probe.error !== null) {
      failures.push(`platform ${platform} starts no container: ${probe.error}`);
      continue;
    }
    const network = await probeNetwork(parts, client, toolbox);
    const proven = { platform, unenforced: [...probe.unenforced], network: network.mode };
    if (certain && network.certain) await rememberProbe(context.dataDir, key, proven);
    return runtimeOf(parts, capabilities, toolbox, proven);
  }
  return unavailable(
    failures.join('; '),
    'see what runsc says: runsc --debug --debug-log=/tmp/runsc/ do true',
    capabilities,
  );
}

function runtimeOf(
  parts: DetectParts,
  capabilities: RunscCapabilities,
  toolbox: string,
  { platform, network, unenforced }: Proven,
): GvisorRuntime {
  const client = createRunscClient({ capabilities, platform, paths: parts.paths });
  return { client, toolbox, network, info: availableInfo(parts, client, network, unenforced) };
}

async function probeNetwork(
  parts: DetectParts,
  client: RunscClient,
  toolbox: string,
): Promise<{ mode: NetworkMode; certain: boolean }> {
  const usable = await parts.networks.probe();
  if (!usable.usable) return { mode: { mode: 'none', reason: usable.reason }, certain: false };
  const { error, certain } = await probeContainer(
    { ...parts, client, toolbox, log: parts.context.log },
    'sandbox',
  );
  if (error === null) return { mode: { mode: 'sandbox', reason: null }, certain };
  const allowed = parts.context.environment['AIRLOCK_GVISOR_HOSTINET'] === 'allow';
  // The throw-away container's id tells nobody anything.
  const reason = error.replace(/^runsc start \S+: /, 'runsc: ');
  return { mode: { mode: allowed ? 'host-in-namespace' : 'none', reason }, certain };
}

function availableInfo(
  { context, cgroups }: DetectParts,
  { capabilities, platform }: RunscClient,
  network: NetworkMode,
  unenforced: readonly Unenforced[],
): RuntimeInfo {
  return {
    type: 'gvisor',
    available: true,
    version: capabilities.version,
    platform,
    missing: [],
    howToGet: [],
    warnings: [
      ...ageWarnings(capabilities, context.clock.now()),
      ...unenforced.map(
        ({ limit, reason }) => `the ${limit} limit is not in force (cgroup ${cgroups.version}): ${reason}`,
      ),
      ...networkWarnings(network),
    ],
    ...(network.reason === null ? {} : { networkReason: network.reason }),
    ...(network.mode === 'host-in-namespace' ? { networkWarning: HOSTINET_WARNING } : {}),
    capabilities: provenCapabilities(network.mode, unenforced),
  };
}

function ageWarnings({ releasedAt, version }: RunscCapabilities, now: number): string[] {
  if (releasedAt === null || now - releasedAt < YEAR_MS) return [];
  const years = Math.floor((now - releasedAt) / YEAR_MS);
  return [
    `runsc ${version} is ${years === 1 ? 'a year' : `${years} years`} old: its security fixes are missing; for a current one see https://gvisor.dev/docs/user_guide/install/`,
  ];
}

function networkWarnings({ mode, reason }: NetworkMode): string[] {
  if (mode === 'sandbox') return [];
  if (mode === 'none') return [`agents with --network are refused: ${reason ?? 'unknown reason'}`];
  return [
    `agents with --network use the host's network stack in a private namespace: ${reason ?? 'unknown reason'}`,
  ];
}

function unavailable(
  missing: string,
  howToGet: string,
  capabilities: RunscCapabilities | null = null,
): GvisorRuntime {
  return {
    client: null,
    toolbox: '',
    network: { mode: 'none', reason: missing },
    info: unavailableInfo({ type: 'gvisor', missing, howToGet, version: capabilities?.version ?? null }),
  };
}
