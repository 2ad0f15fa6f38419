import type { Executor } from './exec/executor.ts';
import { wrongState } from './requirements.ts';

/** How a runtime freezes one container. */
export interface Freezer {
  /** `running`, `paused`, or what else the runtime calls it; undefined when it has none of that name. */
  status(): Promise<string | undefined>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

type Clocks = Pick<Executor, 'pauseClocks' | 'resumeClocks'>;

/** Freezes a running sandbox and the clocks of its commands; what is frozen stays so. Throws WRONG_STATE. */
export async function pauseSandbox(containerId: string, freezer: Freezer, clocks: Clocks): Promise<void> {
  const status = await freezer.status();
  if (status === 'paused') return;
  if (status !== 'running') throw wrongState('pause', containerId, status);
  clocks.pauseClocks(containerId);
  try {
    await freezer.freeze();
  } catch (error) {
    clocks.resumeClocks(containerId);
    throw error;
  }
}

/** Lets it and the clocks go on; what runs goes on running. Throws WRONG_STATE. */
export async function resumeSandbox(containerId: string, freezer: Freezer, clocks: Clocks): Promise<void> {
  const status = await freezer.status();
  if (status !== 'paused' && status !== 'running') throw wrongState('resume', containerId, status);
  if (status === 'paused') await freezer.thaw();
  clocks.resumeClocks(containerId);
}

/** Work that a frozen sandbox cannot do: it is thawed for it and frozen again, its clocks stand still. */
export async function whileAwake<T>(freezer: Freezer, work: () => Promise<T>): Promise<T> {
  if ((await freezer.status()) !== 'paused') return work();
  await freezer.thaw();
  try {
    return await work();
  } finally {
    await freezer.freeze();
  }
}
