import { mkdir, stat, writeFile } from 'node:fs/promises';
import { AppError } from '../../errors.ts';
import { HOST_PIDS_FENCE } from '../cgroups.ts';
import type { ContainerPlace } from '../container-place.ts';
import { allDone, claimHome, createError, requireNotAborted, undoCreate } from '../create-steps.ts';
import { makeAgentDisk } from '../disks/agent-disk.ts';
import { shareUnmounts } from '../disks/mounts.ts';
import { identify, type ProcessIdentity } from '../host-processes.ts';
import { INIT_ARGV, INIT_PROCESSES, MAX_OPEN_FILES } from '../init.ts';
import { sandboxResolvConf } from '../networks/network.ts';
import { cgroupOf } from '../process-cgroup.ts';
import { INIT_UID } from '../process-sweep.ts';
import type { ResourceLimits } from '../../model/agent.ts';
import type { SandboxSpec } from '../sandbox.ts';
import { allowedOrThrow } from '../unenforced.ts';
import type { EngineContainer } from './engine-inspect.ts';
import { requireEngineImage } from './engine-images.ts';
import { hostKernel, type Inside, lookInside, whyNoVirtualMachine } from './inside.ts';
import type { LiveParts } from './parts.ts';
import { readLimitsBack } from './read-back.ts';
import { writeRecord } from './record.ts';
import { removeKataSandbox } from './remove.ts';

/**
 * Makes and starts a sandbox, proves its kernel, reads its limits back and writes its record. On failure or abort everything
 * is undone before it throws.
 */
export async function createKataSandbox(
  parts: LiveParts,
  containerId: string,
  spec: SandboxSpec,
  signal: AbortSignal,
): Promise<{ warnings: readonly string[] }> {
  requireNotAborted(signal);
  const place = parts.paths.container(containerId);
  await mkdir(parts.paths.base, { recursive: true, mode: 0o711 });
  await claimHome(place.home);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => undoCreate(parts.log, containerId, () => removeKataSandbox(parts, containerId)));
  try {
    await mkdir(place.executions, { mode: 0o700 });
    // A shim of Kata has a copy of the host's mounts as they were when it started, the disks of other agents among them.
    await shareUnmounts(place.home);
    const [image, network] = await allDone([
      imageFor(parts, spec.image),
      spec.limits.networkEnabled ? joinNetwork(parts, containerId, place) : Promise.resolve('none'),
      makeAgentDisk(place, spec.limits.diskMb, signal),
    ]);
    requireNotAborted(signal);
    const started = await startContainer(parts, containerId, {
      image,
      network,
      agentId: spec.identity.agentId,
      agentName: spec.identity.name,
      limits: spec.limits,
      mounts: [
        { source: place.workspace, target: '/workspace', readOnly: false },
        { source: place.tmp, target: '/tmp', readOnly: false },
        ...(network === 'none'
          ? []
          : [{ source: place.resolvConf, target: '/etc/resolv.conf', readOnly: true }]),
      ],
      signal,
    });
    requireNotAborted(signal);
    const { proven } = parts;
    const cgroup = proven ? null : await ownCgroup(started);
    const { inside } = started;
    const unenforced = await readLimitsBack(started.container, {
      inside,
      limits: spec.limits,
      cgroup,
      proven,
    });
    const warnings = allowedOrThrow(unenforced, parts.allowUnenforced);
    await writeRecord(place, {
      containerId,
      engineId: started.container.engineId,
      ...started.process,
      cgroup,
      name: spec.identity.name,
      environment: spec.identity.environment,
      maxProcesses: spec.limits.maxProcesses,
      createdAt: parts.clock.now(),
    });
    requireNotAborted(signal);
    undo.move();
    return { warnings };
  } catch (error) {
    throw createError(error, containerId, signal);
  }
}

/** What the engine starts: the tag of what it was given, or the id of what it had, which no tag can move. */
async function imageFor(parts: LiveParts, image: SandboxSpec['image']): Promise<string> {
  if (image.rootfs === null) {
    await requireEngineImage(parts.client, image);
    return image.digest;
  }
  await stat(image.rootfs);
  return await parts.images.ensure(image);
}

export interface Started {
  container: EngineContainer;
  process: ProcessIdentity;
  inside: Inside;
}

/** Creates and starts the container and looks inside. Throws NO_RUNTIME when it is not the virtual machine it should be. */
export async function startContainer(
  parts: Pick<LiveParts, 'client' | 'names' | 'runtime' | 'toolbox' | 'proven'>,
  containerId: string,
  given: {
    image: string;
    network: string;
    agentId: string;
    agentName: string;
    limits: ResourceLimits;
    mounts: readonly { source: string; target: string; readOnly: boolean }[];
    signal: AbortSignal;
  },
): Promise<Started> {
  const { client, names } = parts;
  const name = names.container(containerId);
  const { limits } = given;
  await client.create({
    name,
    runtime: parts.runtime,
    image: given.image,
    hostname: containerId,
    // Another user than the commands', so that their `kill -9 -1` does not reach it.
    user: `${INIT_UID}:${INIT_UID}`,
    cpuCores: limits.cpuCores,
    memoryMb: limits.memoryMb,
    pids: HOST_PIDS_FENCE,
    maxProcesses: Math.max(limits.maxProcesses, INIT_PROCESSES),
    maxOpenFiles: MAX_OPEN_FILES,
    network: given.network,
    labels: names.labels(containerId, given.agentId),
    environment: [`AIRLOCK_AGENT=${given.agentName}`],
    mounts: [{ source: parts.toolbox, target: '/.airlock', readOnly: true }, ...given.mounts],
    argv: INIT_ARGV,
  });
  requireNotAborted(given.signal);
  await client.start(name);
  requireNotAborted(given.signal);
  const container = await client.inspect(name);
  const process = container === null || container.pid <= 0 ? null : await identify(container.pid);
  if (container?.status !== 'running' || process === null) {
    throw new AppError('CREATE_FAILED', `sandbox ${containerId} ended as soon as it was started`, {
      context: { status: container?.status ?? 'gone', exitCode: container?.exitCode ?? null },
    });
  }
  const inside = await lookInside(client, name);
  const why = parts.proven ? whyNoVirtualMachine(inside, await hostKernel()) : null;
  if (why !== null) {
    throw new AppError('NO_RUNTIME', `the runtime ${parts.runtime} is not Kata: ${why}`, {
      hint: 'see docs/kata.md; set AIRLOCK_KATA_RUNTIME to the one that is',
    });
  }
  return { container, process, inside };
}

/**
 * Its cgroup as far as it is the container's own. Never asked of a virtual machine: the limits and the kills are its guest's, and
 * Kata has its monitor in one group and its processors in another.
 */
export async function ownCgroup({ container, process }: Started): Promise<string | null> {
  const cgroup = await cgroupOf(process.pid);
  return cgroup?.includes(container.engineId) === true ? cgroup : null;
}

async function joinNetwork(
  { networks }: LiveParts,
  containerId: string,
  place: ContainerPlace,
): Promise<string> {
  const reason = await networks.whyNone();
  if (reason !== null) {
    throw new AppError('NETWORK_UNAVAILABLE', `no network for sandboxes on this host: ${reason}`, {
      hint: 'create the agent without --network',
    });
  }
  await writeFile(place.resolvConf, await sandboxResolvConf(), { mode: 0o644 });
  return await networks.create(containerId);
}
