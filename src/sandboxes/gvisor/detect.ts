import { mkdir } from 'node:fs/promises';
import { toAppError } from '../../errors.ts';
import type { Cgroups, Unenforced } from '../cgroups.ts';
import { ensureToolbox } from '../images/toolbox.ts';
import type { Networks } from '../networks/network.ts';
import type { DriverContext, RuntimeInfo } from '../sandbox.ts';
import { readCapabilities, type RunscCapabilities } from './capabilities.ts';
import { findRunsc } from './find-binary.ts';
import type { NetworkMode } from './network-mode.ts';
import type { GvisorPaths } from './paths.ts';
import { probeContainer } from './probe.ts';
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

/** Looks for runsc, asks it what it can do, and proves it with throw-away containers. Never throws. */
export async function detectRuntime(parts: DetectParts): Promise<GvisorRuntime> {
  const { context, paths } = parts;
  if (process.getuid?.() !== 0)
    return unavailable('gVisor sandboxes need root', 'start Airlock as root: sudo npm start');
  const binary = await findRunsc(context.environment);
  if (binary === null) return unavailable('runsc is not on PATH', INSTALL_HINT);
  let capabilities: RunscCapabilities | null = null;
  try {
    capabilities = await readCapabilities(binary);
    await mkdir(paths.runscRoot, { recursive: true, mode: 0o711 });
    const toolbox = await ensureToolbox(context.dataDir);
    return await probeRuntime(parts, capabilities, toolbox);
  } catch (error) {
    const { message, hint } = toAppError(error);
    return unavailable(message, hint ?? INSTALL_HINT, capabilities);
  }
}

async function probeRuntime(
  parts: DetectParts,
  capabilities: RunscCapabilities,
  toolbox: string,
): Promise<GvisorRuntime> {
  const { context, paths } = parts;
  const failures: string[] = [];
  for (const platform of capabilities.platforms) {
    const client = createRunscClient({ capabilities, platform, paths });
    const probe = await probeContainer({ ...parts, client, toolbox, log: context.log }, 'none');
    if (probe.error !== null) {
      failures.push(`platform ${platform} starts no container: ${probe.error}`);
      continue;
    }
    const network = await probeNetwork(parts, client, toolbox);
    return {
      client,
      toolbox,
      network,
      info: availableInfo(parts, client, network, probe.unenforced),
    };
  }
  return unavailable(
    failures.join('; '),
    'see what runsc says: runsc --debug --debug-log=/tmp/runsc/ do true',
    capabilities,
  );
}

async function probeNetwork(parts: DetectParts, client: RunscClient, toolbox: string): Promise<NetworkMode> {
  const usable = await parts.networks.probe();
  if (!usable.usable) return { mode: 'none', reason: usable.reason };
  const probe = await probeContainer({ ...parts, client, toolbox, log: parts.context.log }, 'sandbox');
  if (probe.error === null) return { mode: 'sandbox', reason: null };
  const allowed = parts.context.environment['AIRLOCK_GVISOR_HOSTINET'] === 'allow';
  return { mode: allowed ? 'host-in-namespace' : 'none', reason: probe.error };
}

function availableInfo(
  { context, cgroups }: DetectParts,
  { capabilities, platform }: RunscClient,
  network: NetworkMode,
  unenforced: readonly Unenforced[],
): RuntimeInfo {
  const enforced = (name: string): boolean => !unenforced.some(({ limit }) => limit === name);
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
    capabilities: {
      pause: true,
      stats: true,
      diskLimit: true,
      network: network.mode,
      attach: false,
      snapshot: false,
      enforced: { cpu: enforced('cpu'), memory: enforced('memory'), processes: enforced('processes') },
    },
  };
}

function ageWarnings({ releasedAt, version }: RunscCapabilities, now: number): string[] {
  if (releasedAt === null || now - releasedAt < YEAR_MS) return [];
  const years = Math.floor((now - releasedAt) / YEAR_MS);
  return [
    `runsc ${version} is ${years === 1 ? 'a year' : `${years} years`} old: its security fixes are missing; ${INSTALL_HINT}`,
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
    info: {
      type: 'gvisor',
      available: false,
      version: capabilities?.version ?? null,
      platform: null,
      missing: [missing],
      howToGet: [howToGet],
      warnings: [],
      capabilities: {
        pause: false,
        stats: false,
        diskLimit: false,
        network: 'none',
        attach: false,
        snapshot: false,
        enforced: { cpu: false, memory: false, processes: false },
      },
    },
  };
}
