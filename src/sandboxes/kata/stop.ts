import { writeFile } from 'node:fs/promises';
import { toAppError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { SweepDeps } from '../exec/sweep.ts';
import { isAlive, waitUntilGone } from '../host-processes.ts';
import { GONE_TIMEOUT_MS, killOnHost } from '../kill-on-host.ts';
import { commandProcesses, type SweepHelper } from '../process-sweep.ts';
import { withEngineHelper } from './helper.ts';
import type { EngineClient } from './engine-cli.ts';
import type { KataNames } from './parts.ts';
import type { KataPaths } from './paths.ts';
import { readRecord } from './record.ts';

/** Between two looks whether the commands have gone. */
const LOOK_EVERY_MS = 50;
/** A sandbox that does not answer within this is killed by the engine, and an engine that does not on the host. */
const ANSWER_TIMEOUT_MS = 5000;

export interface StopParts {
  paths: KataPaths;
  names: KataNames;
  client: EngineClient;
  helper: SweepDeps;
  clock: Clock;
  log: Logger;
}

/**
 * TERM to all, up to `graceMs` for the commands to go, KILL by the engine; a sandbox that outlives it is killed on the host.
 * Resolves when its process is gone; what is stopped or never was is success.
 */
export async function stopKataSandbox(parts: StopParts, containerId: string, graceMs: number): Promise<void> {
  const { client, log } = parts;
  const place = parts.paths.container(containerId);
  const name = parts.names.container(containerId);
  const record = await readRecord(place);
  if (record === null || !(await isAlive(record))) return;
  // Written first: whoever sees the end from now on, after a restart too, knows that it was asked for.
  await writeFile(place.stopMark, '');
  try {
    // Paused ones refuse every signal.
    if ((await client.inspect(name))?.status === 'paused') await client.unpause(name);
    if (graceMs > 0) {
      await withEngineHelper({ ...parts.helper, helperTimeoutMs: graceMs + ANSWER_TIMEOUT_MS }, (helper) =>
        termAndWait(parts, helper, graceMs),
      );
    }
  } catch (error) {
    log.warn({ containerId, error: toAppError(error).message }, 'the sandbox does not answer; it is killed');
  }
  try {
    await client.kill(name);
  } catch (error) {
    log.warn(
      { containerId, error: toAppError(error).message },
      'the engine does not kill; it is done on the host',
    );
  }
  if (await waitUntilGone([record], GONE_TIMEOUT_MS)) return;
  await killOnHost(containerId, record);
}

/** To all but the wrappers, which pass it on and would give it to their commands twice. */
async function termAndWait({ clock }: StopParts, helper: SweepHelper, graceMs: number): Promise<void> {
  const commands = async () => commandProcesses(await helper.look(), { wrapped: true });
  const deadline = clock.monotonic() + graceMs;
  const first = await commands();
  if (first.length === 0) return;
  await helper.signal(
    'TERM',
    first.map(({ pid }) => pid),
  );
  while ((await commands()).length > 0) {
    const leftMs = deadline - clock.monotonic();
    if (leftMs <= 0) return;
    await new Promise<void>((resolve) => void clock.after(Math.min(LOOK_EVERY_MS, leftMs), resolve));
  }
}
