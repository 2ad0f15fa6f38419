import { existsSync } from 'node:fs';
import type { EndCause } from '../../model/ends.ts';
import { isAlive } from '../host-processes.ts';
import type { SandboxState } from '../sandbox.ts';
import type { EngineContainer } from './engine-inspect.ts';
import type { HostParts } from './parts.ts';
import { readRecord } from './record.ts';
import { lookAgain } from './remove.ts';

/** How a sandbox that has ended did, by what can be shown. */
export function endCause(
  container: EngineContainer | null,
  facts: { asked: boolean; outOfMemory: boolean },
): EndCause {
  if (container?.outOfMemory === true || facts.outOfMemory) return 'out-of-memory';
  return facts.asked ? 'stopped' : 'sandbox-lost';
}

export async function inspectKataSandbox(
  parts: HostParts,
  containerId: string,
  outOfMemory: boolean,
): Promise<SandboxState> {
  const place = parts.paths.container(containerId);
  const record = await readRecord(place);
  const container = (await parts.client?.inspect(parts.names.container(containerId))) ?? null;
  if (record !== null && (await isAlive(record))) {
    if (container?.status === 'paused') return { status: 'paused' };
    if (container?.status === 'running') return { status: 'running' };
  }
  const left = Object.values(await lookAgain(parts, containerId, record?.engineId ?? null));
  if (left.every((entries) => entries.length === 0)) return { status: 'gone' };
  const asked = existsSync(place.stopMark);
  return {
    status: 'exited',
    code: container?.status === 'exited' ? container.exitCode : null,
    cause: endCause(container, { asked, outOfMemory }),
  };
}
