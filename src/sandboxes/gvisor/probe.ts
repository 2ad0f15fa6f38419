import { mkdir, writeFile } from 'node:fs/promises';
import { toAppError } from '../../errors.ts';
import { newContainerId } from '../../lib/ids.ts';
import { run, runError } from '../../lib/run.ts';
import type { ResourceLimits } from '../../model/agent.ts';
import type { Unenforced } from '../cgroups.ts';
import type { CreateParts } from './create.ts';
import { ociConfig } from './oci-config.ts';
import { removeSandbox } from './remove.ts';
import type { RunscNetwork } from './runsc-cli.ts';

/** A container starts in 0.2 s; a platform that hangs (kvm without hardware behind it) must not hang Airlock. */
const PROBE_TIMEOUT_MS = 10_000;

const PROBE_LIMITS: ResourceLimits = {
  cpuCores: 1,
  memoryMb: 128,
  diskMb: 0,
  networkEnabled: false,
  maxProcesses: 16,
};

export interface ProbeResult {
  /** Null when the container ran a program. */
  error: string | null;
  /** The container ran, or runsc itself refused: the next try comes out the same. */
  certain: boolean;
  unenforced: readonly Unenforced[];
}

/**
 * Starts a throw-away container with nothing in it but the toolbox, reads its limits back, runs a program in it, and
 * removes it whatever happened. Never throws.
 */
export async function probeContainer(
  parts: Pick<CreateParts, 'client' | 'cgroups' | 'networks' | 'paths' | 'toolbox' | 'log'>,
  network: RunscNetwork,
): Promise<ProbeResult> {
  const { client, cgroups, paths } = parts;
  const id = newContainerId();
  const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  let unenforced: readonly Unenforced[] = [];
  try {
    const place = paths.container(id);
    await mkdir(place.rootfs, { recursive: true });
    await Promise.all([mkdir(place.logs), writeFile(place.resolvConf, '')]);
    const joined = network === 'none' ? null : await parts.networks.create(id);
    const config = ociConfig({
      containerId: id,
      rootfs: place.rootfs,
      toolbox: parts.toolbox,
      disk: null,
      agentName: 'probe',
      limits: PROBE_LIMITS,
      cgroup:
        cgroups.version === 'none' ? null : { path: cgroups.pathOf(id), ...(await cgroups.prepare(id)) },
      network: joined === null ? null : { netnsPath: joined.netnsPath, resolvConf: place.resolvConf },
    });
    await writeFile(place.configJson, JSON.stringify(config));
    const pid = await client.create(id, { bundle: place.bundle, pidFile: place.pidFile, network, signal });
    unenforced = await cgroups.unenforced(id, PROBE_LIMITS, pid);
    await client.start(id, { network, signal });
    const ran = await run({
      file: client.capabilities.binary,
      args: [...client.globalArgs({ network }), 'exec', id, '/.airlock/busybox', 'true'],
      timeoutMs: PROBE_TIMEOUT_MS,
    });
    if (ran.exitCode !== 0) throw runError(ran);
    return { error: null, certain: true, unenforced };
  } catch (error) {
    const { code, message } = toAppError(error);
    return { error: message, certain: code === 'RUNTIME_FAILED', unenforced };
  } finally {
    await removeSandbox(parts, id).catch((error: unknown) => {
      parts.log.warn({ containerId: id, error: toAppError(error).message }, 'a probe left something behind');
    });
  }
}
