import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { toAppError } from '../../errors.ts';
import { sha256Hex } from '../../lib/canonical-json.ts';
import { newContainerId } from '../../lib/ids.ts';
import type { Unenforced } from '../cgroups.ts';
import { LIMIT_NAMES } from '../cgroups.ts';
import type { ResourceLimits } from '../../model/agent.ts';
import { ownCgroup, startContainer } from './create.ts';
import type { LiveParts } from './parts.ts';
import { readLimitsBack } from './read-back.ts';
import { removeKataSandbox } from './remove.ts';

export const provenSchema = z.object({
  /** `uname -r` inside. */
  kernel: z.string(),
  unenforced: z.array(z.object({ limit: z.enum(LIMIT_NAMES), reason: z.string() })),
  /** `works`, `not tried`, or why a container with one did not start. */
  network: z.string(),
});
/** What throw-away containers have shown. */
export type KataProof = z.output<typeof provenSchema>;

/** The memory that a virtual machine is at ease with; less fails to boot on some monitors. */
const PROBE_LIMITS: ResourceLimits = {
  cpuCores: 1,
  memoryMb: 256,
  diskMb: 0,
  networkEnabled: false,
  maxProcesses: 16,
};
/** What the toolbox is mounted on, and what every container needs. */
const MOUNT_POINTS = ['.airlock', 'dev', 'etc', 'proc', 'sys', 'tmp', 'workspace'];
/** A machine without hardware behind it takes 3 s to start. */
const PROBE_TIMEOUT_MS = 60_000;

/**
 * Starts a throw-away container and looks at its kernel, then one with a network. Throws when the first does not run, or
 * NO_RUNTIME when it shows no kernel of its own.
 */
export async function proveRuntime(parts: LiveParts, options: { tryNetwork: boolean }): Promise<KataProof> {
  const shown = await tryContainer(parts, false);
  if (!options.tryNetwork) return { ...shown, network: 'not tried' };
  const network = await tryContainer(parts, true).then(
    () => 'works',
    (error: unknown) => toAppError(error).message,
  );
  return { ...shown, network };
}

async function tryContainer(
  parts: LiveParts,
  networked: boolean,
): Promise<{ kernel: string; unenforced: Unenforced[] }> {
  const { paths, networks, log } = parts;
  const containerId = newContainerId();
  const place = paths.container(containerId);
  await mkdir(place.home, { recursive: true, mode: 0o711 });
  try {
    const image = await probeImage(parts);
    // By this file the removal knows that there is a network.
    if (networked) await writeFile(place.resolvConf, '');
    const started = await startContainer(parts, containerId, {
      image,
      network: networked ? await networks.create(containerId) : 'none',
      agentId: 'probe',
      agentName: 'probe',
      limits: PROBE_LIMITS,
      mounts: [],
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    const unenforced = await readLimitsBack(started.container, {
      inside: started.inside,
      limits: PROBE_LIMITS,
      cgroup: parts.proven ? null : await ownCgroup(started),
      proven: parts.proven,
    });
    return { kernel: started.inside.kernel, unenforced };
  } finally {
    await removeKataSandbox(parts, containerId).catch((error: unknown) => {
      log.warn({ containerId, error: toAppError(error).message }, 'a probe left something behind');
    });
  }
}

/** Nothing but the directories that others are mounted on. */
async function probeImage({ images }: LiveParts): Promise<string> {
  const rootfs = await mkdtemp(path.join(tmpdir(), 'airlock-probe-'));
  try {
    await Promise.all(MOUNT_POINTS.map((name) => mkdir(path.join(rootfs, name))));
    return await images.ensure({ digest: `sha256:${sha256Hex(MOUNT_POINTS.join('/'))}`, rootfs });
  } finally {
    await rm(rootfs, { recursive: true, force: true });
  }
}
