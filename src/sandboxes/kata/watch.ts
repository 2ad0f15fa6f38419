import { existsSync } from 'node:fs';
import type { Logger } from '../../lib/logger.ts';
import { isAlive } from '../host-processes.ts';
import type { SandboxExit } from '../sandbox.ts';
import type { EngineClient } from './engine-cli.ts';
import type { EngineEvents, Notice } from './events.ts';
import { endCause } from './inspect.ts';
import type { KataNames } from './parts.ts';
import type { KataPaths } from './paths.ts';
import { readRecord } from './record.ts';

export interface WatchParts {
  paths: KataPaths;
  names: KataNames;
  /** Asked once, at the start of the watch. */
  engine: () => Promise<{ client: EngineClient; events: EngineEvents }>;
  /** The host has killed for memory in this sandbox since it was last told. */
  outOfMemory: (containerId: string) => Promise<boolean>;
  log: Logger;
}

/** Hears the engine's events; a notice is a reason to look, and what the look shows counts. */
export function watchKataSandbox(
  parts: WatchParts,
  containerId: string,
  onExit: (exit: SandboxExit) => void,
): Disposable {
  const place = parts.paths.container(containerId);
  let over = false;
  let outOfMemory = false;
  let heard: Disposable | null = null;
  const end = () => {
    over = true;
    heard?.[Symbol.dispose]();
  };

  async function look(client: EngineClient, notice: Notice): Promise<void> {
    const record = await readRecord(place);
    const alive = record !== null && (await isAlive(record));
    if (alive && notice !== 'died') return;
    const container = await client.inspect(parts.names.container(containerId)).catch(() => null);
    if (notice === 'died' && container?.status === 'running') return;
    const killedForMemory = outOfMemory || (await parts.outOfMemory(containerId));
    // Asked for, or removed already.
    if (over || existsSync(place.stopMark) || !existsSync(place.record)) return;
    end();
    onExit({
      code: container?.status === 'exited' ? container.exitCode : null,
      cause: endCause(container, { asked: false, outOfMemory: killedForMemory }),
      evidence: {
        notice,
        status: container?.status ?? null,
        outOfMemory: killedForMemory,
        pid: record?.pid ?? null,
      },
    });
  }

  async function begin(): Promise<void> {
    const record = await readRecord(place);
    const { client, events } = await parts.engine();
    if (over || record === null) return;
    heard = events.listen(record.engineId, (notice) => {
      if (notice === 'out-of-memory') outOfMemory = true;
      else {
        look(client, notice).catch((error: unknown) => {
          parts.log.error({ containerId, error: String(error) }, 'a look at a sandbox failed');
        });
      }
    });
  }

  begin().catch((error: unknown) => {
    parts.log.error({ containerId, error: String(error) }, 'a sandbox cannot be watched');
  });
  return { [Symbol.dispose]: end };
}
