import { mkdir, writeFile } from 'node:fs/promises';
import { AppError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { allDone, claimHome, createError, requireNotAborted, undoCreate } from '../create-steps.ts';
import { makeAgentDisk } from '../disks/agent-disk.ts';
import { mountOverlay } from '../disks/disk.ts';
import { sandboxResolvConf, type SandboxNetwork } from '../networks/network.ts';
import type { SandboxSpec } from '../sandbox.ts';
import { identify } from '../host-processes.ts';
import { allowedOrThrow } from '../unenforced.ts';
import { HOSTINET_WARNING, type NetworkMode, runscNetwork } from './network-mode.ts';
import { ociConfig } from './oci-config.ts';
import type { ContainerPaths } from './paths.ts';
import { writeRecord } from './record.ts';
import { removeSandbox, type RemoveParts } from './remove.ts';
import type { RunscClient } from './runsc-cli.ts';

export interface CreateParts extends RemoveParts {
  client: RunscClient;
  /** The directory with busybox and tini. */
  toolbox: string;
  network: NetworkMode;
  /** Limits that may be missing, by name. */
  allowUnenforced: readonly string[];
  clock: Clock;
}

/**
 * Makes and starts a sandbox, reads its limits back and writes its record. On failure or abort everything is undone
 * before it throws.
 */
export async function createSandbox(
  parts: CreateParts,
  containerId: string,
  spec: SandboxSpec,
  signal: AbortSignal,
): Promise<{ warnings: readonly string[] }> {
  requireNotAborted(signal);
  const { rootfs } = spec.image;
  if (rootfs === null) throw notForGvisor(spec.image.name);
  const network = runscNetwork(spec.limits.networkEnabled, parts.network);
  const place = parts.paths.container(containerId);
  await claimDirectory(parts, containerId);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => undoCreate(parts.log, containerId, () => removeSandbox(parts, containerId)));
  try {
    const [group, joined] = await allDone([
      prepareCgroup(parts, containerId),
      network === 'none' ? Promise.resolve(null) : joinNetwork(parts, containerId, place),
      prepareDisk(place, { rootfs, diskMb: spec.limits.diskMb }, signal),
    ]);
    const config = ociConfig({
      containerId,
      rootfs: place.rootfs,
      toolbox: parts.toolbox,
      disk: { workspace: place.workspace, tmp: place.tmp },
      agentName: spec.identity.name,
      limits: spec.limits,
      cgroup: group,
      network: joined === null ? null : { netnsPath: joined.netnsPath, resolvConf: place.resolvConf },
    });
    await writeFile(place.configJson, JSON.stringify(config), { mode: 0o600 });
    requireNotAborted(signal);
    const { client, cgroups } = parts;
    const { bundle, pidFile } = place;
    const pid = await client.create(containerId, { bundle, pidFile, network, signal });
    // Read back before anything runs.
    const unenforced = await cgroups.unenforced(containerId, spec.limits, pid);
    const warnings = allowedOrThrow(unenforced, parts.allowUnenforced);
    await client.start(containerId, { network, signal });
    const identity = await identify(pid);
    if (identity === null) {
      throw new AppError('CREATE_FAILED', `sandbox ${containerId} ended as soon as it was started`);
    }
    await writeRecord(place, {
      containerId,
      ...identity,
      network,
      name: spec.identity.name,
      environment: spec.identity.environment,
      maxProcesses: spec.limits.maxProcesses,
      createdAt: parts.clock.now(),
    });
    requireNotAborted(signal);
    undo.move();
    return { warnings: network === 'host' ? [...warnings, HOSTINET_WARNING] : warnings };
  } catch (error) {
    throw createError(error, containerId, signal);
  }
}

function notForGvisor(image: string): AppError {
  return new AppError(
    'IMAGE_NOT_FOUND',
    `image ${image} is in a container engine, and gVisor cannot use it there`,
    {
      hint: 'ask for it with --sandbox kata, or name a root file system under `images` in airlock.yaml',
    },
  );
}

/** The directory is the lock against a second create with the same id, which would erase runsc's record of the first. */
async function claimDirectory(parts: RemoveParts, containerId: string): Promise<void> {
  const place = parts.paths.container(containerId);
  await claimHome(place.home);
  await Promise.all([
    mkdir(place.rootfs, { recursive: true, mode: 0o711 }),
    mkdir(place.logs, { mode: 0o700 }),
    mkdir(place.executions, { mode: 0o700 }),
  ]);
}

async function prepareCgroup(
  { cgroups }: RemoveParts,
  containerId: string,
): Promise<{ path: string; limitsSwap: boolean } | null> {
  // Without a hierarchy runsc cannot be told a path; reading back then says that nothing is in force.
  if (cgroups.version === 'none') return null;
  return { path: cgroups.pathOf(containerId), ...(await cgroups.prepare(containerId)) };
}

async function joinNetwork(
  { networks }: RemoveParts,
  containerId: string,
  place: ContainerPaths,
): Promise<SandboxNetwork> {
  await writeFile(place.resolvConf, await sandboxResolvConf(), { mode: 0o644 });
  return await networks.create(containerId);
}

async function prepareDisk(
  place: ContainerPaths,
  { rootfs, diskMb }: { rootfs: string; diskMb: number },
  signal: AbortSignal,
): Promise<void> {
  await makeAgentDisk(place, diskMb, signal);
  await Promise.all([mkdir(place.upper, { mode: 0o755 }), mkdir(place.work, { mode: 0o700 })]);
  await mountOverlay({
    lower: rootfs,
    upper: place.upper,
    work: place.work,
    target: place.rootfs,
  });
}
