import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../lib/logger.ts';
import { INIT_UID } from '../process-sweep.ts';
import { isAlive, type ProcessIdentity, waitUntilGone } from '../host-processes.ts';
import { GONE_TIMEOUT_MS, killOnHost } from '../kill-on-host.ts';
import type { GvisorPaths } from './paths.ts';
import { readRecord } from './record.ts';
import type { RunscClient } from './runsc-cli.ts';

export interface StopParts {
  paths: GvisorPaths;
  client: RunscClient;
  log: Logger;
}

/** Between two looks whether the commands have gone; a look costs some 25 ms of runsc itself. */
const LOOK_EVERY_MS = 50;
/** A sandbox that does not answer within this is killed on the host. */
const ANSWER_TIMEOUT_MS = 5000;

/**
 * TERM to all, up to `graceMs` for the commands to go, KILL to all; a sandbox that does not answer is killed on the
 * host. Resolves when its process is gone; what is stopped or never was is success.
 */
export async function stopSandbox(parts: StopParts, containerId: string, graceMs: number): Promise<void> {
  const place = parts.paths.container(containerId);
  const record = await readRecord(place);
  if (record === null || !(await isAlive(record))) return;
  // Written first: whoever sees the end from now on, after a restart too, knows that it was asked for.
  await writeFile(place.stopMark, '');
  if (await endFromInside(parts, containerId, record, graceMs)) return;
  await killOnHost(containerId, record);
}

async function endFromInside(
  { client, log }: StopParts,
  id: string,
  sandbox: ProcessIdentity,
  graceMs: number,
): Promise<boolean> {
  const signal = AbortSignal.timeout(graceMs + ANSWER_TIMEOUT_MS);
  try {
    // Paused ones refuse every signal.
    if ((await client.state(id, signal))?.status === 'paused') await client.resume(id, signal);
    if (graceMs > 0) await termAndWait(client, id, sandbox, graceMs, signal);
    await client.kill(id, 'KILL', 'all', signal);
    return await waitUntilGone([sandbox], GONE_TIMEOUT_MS);
  } catch (error) {
    // It may have ended between two calls.
    if (await waitUntilGone([sandbox], 0)) return true;
    log.warn(
      { containerId: id, error: String(error) },
      'the sandbox does not answer; it is killed on the host',
    );
    return false;
  }
}

async function termAndWait(
  client: RunscClient,
  id: string,
  sandbox: ProcessIdentity,
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const commandsRun = async (): Promise<boolean> =>
    (await client.ps(id, signal)).some((process) => process.uid !== INIT_UID);
  if (!(await commandsRun())) return;
  const deadline = performance.now() + graceMs;
  // To all: TERM to PID 1 would not reach a process that cut its ties.
  await client.kill(id, 'TERM', 'all', signal);
  while (performance.now() < deadline && (await isAlive(sandbox)) && (await commandsRun())) {
    await delay(Math.max(0, Math.min(LOOK_EVERY_MS, deadline - performance.now())));
  }
}
