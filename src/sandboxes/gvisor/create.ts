import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { AppError, toAppError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Unenforced } from '../cgroups.ts';
import { createDisk, mountDisk, mountOverlay } from '../disks/disk.ts';
import { sandboxResolvConf, type SandboxNetwork } from '../networks/network.ts';
import type { SandboxSpec } from '../sandbox.ts';
import { COMMAND_USER } from './exec-request.ts';
import { identify } from './host-processes.ts';
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
  const network = runscNetwork(spec.limits.networkEnabled, parts.network);
  const place = parts.paths.container(containerId);
  await claimDirectory(parts, containerId);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => undoCreate(parts, containerId));
  try {
    const [group, joined] = await allDone([
      prepareCgroup(parts, containerId),
      network === 'none' ? Promise.resolve(null) : joinNetwork(parts, containerId, place),
      prepareDisk(place, spec, signal),
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

/** What cannot be undone now stays listed, and whoever cleans up tries again; the first error is the one to show. */
async function undoCreate(parts: CreateParts, containerId: string): Promise<void> {
  try {
    await removeSandbox(parts, containerId);
  } catch (error) {
    parts.log.error({ containerId, error: toAppError(error).message }, 'a failed create could not be undone');
  }
}

/** Like Promise.all, but waits for all: what is still being made cannot be undone. */
async function allDone<T extends readonly Promise<unknown>[]>(
  work: [...T],
): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}

/** The directory is the lock against a second create with the same id, which would erase runsc's record of the first. */
async function claimDirectory(parts: RemoveParts, containerId: string): Promise<void> {
  const place = parts.paths.container(containerId);
  try {
    await mkdir(place.home, { mode: 0o711 });
  } catch (error) {
    throw new AppError('CREATE_FAILED', `cannot make ${place.home}: ${toAppError(error).message}`, {
      hint: 'a container id is used once; if the directory is new to you, the disk may be full or read-only',
      cause: error,
    });
  }
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

/** One ext4 for all that can be written, so that the limit is one and a full disk is ENOSPC for all. */
async function prepareDisk(place: ContainerPaths, spec: SandboxSpec, signal: AbortSignal): Promise<void> {
  await createDisk({ imagePath: place.diskImage, sizeMb: spec.limits.diskMb }, signal);
  await mountDisk({ imagePath: place.diskImage, mountPoint: place.disk });
  await Promise.all([
    mkdir(place.upper, { mode: 0o755 }),
    mkdir(place.work, { mode: 0o700 }),
    mkdir(place.workspace, { mode: 0o755 }).then(() =>
      chown(place.workspace, COMMAND_USER.uid, COMMAND_USER.gid),
    ),
    // mkdir's mode passes the umask; the sticky bit and the write bits must not.
    mkdir(place.tmp).then(() => chmod(place.tmp, 0o1777)),
  ]);
  await mountOverlay({
    lower: spec.image.rootfs,
    upper: place.upper,
    work: place.work,
    target: place.rootfs,
  });
}

function allowedOrThrow(unenforced: readonly Unenforced[], allowed: readonly string[]): string[] {
  const refused = unenforced.filter(({ limit }) => !allowed.includes(limit));
  if (refused.length > 0) {
    const names = refused.map(({ limit }) => limit);
    throw new AppError(
      'LIMIT_NOT_ENFORCED',
      `limits are not in force on this host: ${refused.map(({ limit, reason }) => `${limit} (${reason})`).join(', ')}`,
      {
        hint: `give Airlock writable cgroups, or allow it by name: AIRLOCK_ALLOW_UNENFORCED=${names.join(',')}`,
        context: { unenforced },
      },
    );
  }
  return unenforced.map(({ limit, reason }) => `the ${limit} limit is not in force: ${reason}`);
}

function createError(error: unknown, containerId: string, signal: AbortSignal): AppError {
  if (signal.aborted) {
    return new AppError('CANCELLED', `the create of sandbox ${containerId} was cancelled`, { cause: error });
  }
  const known = toAppError(error);
  if (known.code !== 'RUNTIME_FAILED' && known.code !== 'INTERNAL') return known;
  return new AppError('CREATE_FAILED', `cannot create sandbox ${containerId}: ${known.message}`, {
    hint: known.hint ?? 'run `npm run airlock -- doctor`: it shows what this host can do',
    context: known.context,
    cause: error,
  });
}

function requireNotAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new AppError('CANCELLED', 'the create was cancelled');
}
