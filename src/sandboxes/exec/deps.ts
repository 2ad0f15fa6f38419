import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { SandboxHandle } from '../sandbox.ts';
import type { ExecMeasurement, SandboxCheck } from './classify.ts';
import type { ExecClient } from './client.ts';

/** What running commands needs of the driver. */
export interface ExecDeps {
  client: ExecClient;
  clock: Clock;
  log: Logger;
  /** Asked after every end, so it must be cheap: pid and start time of the sandbox process, no call of the runtime. */
  sandboxState(handle: SandboxHandle): Promise<SandboxCheck>;
  /** Asked when a command was killed by nobody here, in a sandbox that lives: null unless it was for memory. */
  killedForMemory?(handle: SandboxHandle): Promise<Record<string, unknown> | null>;
  /** Does the work with the sandbox running; one that is paused (by a bot that died) is woken for it and paused again. */
  whileAwake<T>(handle: SandboxHandle, work: () => Promise<T>): Promise<T>;
  /** Asked after an end that was no success, while the sandbox lives; null when it cannot be measured. */
  measure(handle: SandboxHandle): Promise<ExecMeasurement | null>;
}
