import { AppError } from '../errors.ts';
import { killProcesses, type ProcessIdentity, waitUntilGone } from './host-processes.ts';

/** A sandbox of a few gigabytes gives its memory back first. */
export const GONE_TIMEOUT_MS = 5000;

/** KILL to the sandbox's own process; resolves when it is gone. Throws RUNTIME_TIMEOUT. */
export async function killOnHost(containerId: string, sandbox: ProcessIdentity): Promise<void> {
  await killProcesses([sandbox]);
  if (await waitUntilGone([sandbox], GONE_TIMEOUT_MS)) return;
  throw new AppError('RUNTIME_TIMEOUT', `sandbox ${containerId} (process ${sandbox.pid}) outlived its KILL`, {
    hint: 'the process hangs in the kernel: see /proc/PID/stack, and restart the host if it stays',
  });
}
