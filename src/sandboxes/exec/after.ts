import type { SweepEvidence } from '../process-sweep.ts';
import type { SandboxHandle } from '../sandbox.ts';
import type { ExecMeasurement, SandboxCheck } from './classify.ts';
import type { ExecDeps } from './deps.ts';

/** A sandbox that was killed closes its sockets some milliseconds before it is gone. */
const DYING_MS = 1000;
const DYING_POLL_MS = 50;

/** The state after the client's end; where nothing was heard of the command's own end, a dying sandbox is given time to be dead. */
export async function stateAfter(
  deps: ExecDeps,
  handle: SandboxHandle,
  unheard: boolean,
): Promise<SandboxCheck> {
  const until = deps.clock.monotonic() + DYING_MS;
  for (;;) {
    const state = await deps.sandboxState(handle);
    if (!unheard || !state.alive || state.stopping || deps.clock.monotonic() >= until) return state;
    await new Promise<void>((resolve) => void deps.clock.after(DYING_POLL_MS, resolve));
  }
}

/** Null when it cannot be measured; a command's outcome does not hang on it. */
export async function measureQuietly(
  deps: ExecDeps,
  handle: SandboxHandle,
  swept: SweepEvidence | null,
): Promise<ExecMeasurement | null> {
  try {
    const measured = await deps.measure(handle);
    // What the sweep counted before it killed says more than what is left now.
    return measured === null || swept === null
      ? measured
      : { ...measured, processes: swept.processesAtStart };
  } catch (error) {
    deps.log.warn({ containerId: handle.containerId, err: error }, 'measuring after a command failed');
    return null;
  }
}
