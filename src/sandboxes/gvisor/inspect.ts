import type { EndCause } from '../../model/ends.ts';
import type { Cgroups } from '../cgroups.ts';
import type { SandboxState } from '../sandbox.ts';
import { existsSync } from 'node:fs';
import { isAlive } from '../host-processes.ts';
import type { GvisorPaths } from './paths.ts';
import { readRecord } from './record.ts';
import { lookAgain, type RemoveParts } from './remove.ts';
import type { RunscClient } from './runsc-cli.ts';

/** How a sandbox whose process is gone ended, by what can be shown: memory only where the kernel counted a kill. */
export async function endCause(
  parts: { paths: GvisorPaths; cgroups: Cgroups },
  containerId: string,
): Promise<{ cause: EndCause; evidence: Record<string, unknown> }> {
  const oomKills = await parts.cgroups.oomKills(containerId);
  const asked = existsSync(parts.paths.container(containerId).stopMark);
  const cause = oomKills !== null && oomKills > 0 ? 'out-of-memory' : asked ? 'stopped' : 'sandbox-lost';
  return { cause, evidence: { oomKills, asked } };
}

export async function inspectSandbox(
  parts: RemoveParts & { client: RunscClient },
  containerId: string,
): Promise<SandboxState> {
  const record = await readRecord(parts.paths.container(containerId));
  if (record !== null && (await isAlive(record))) {
    // runsc calls a sandbox running whose process is only not reaped, so the process counts first.
    const state = await parts.client.state(containerId);
    if (state?.status === 'paused') return { status: 'paused' };
    if (state?.status === 'running') return { status: 'running' };
  }
  const left = Object.values(await lookAgain(parts, containerId));
  if (left.every((entries) => entries.length === 0)) return { status: 'gone' };
  return { status: 'exited', code: null, cause: (await endCause(parts, containerId)).cause };
}
