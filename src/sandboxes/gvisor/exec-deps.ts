import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { SandboxHandle } from '../sandbox.ts';
import type { ExecMeasurement, SandboxCheck } from './exec-classify.ts';
import type { RunscClient } from './runsc-cli.ts';

/** What running commands needs of the driver. */
export interface ExecDeps {
  client: Pick<RunscClient, 'capabilities' | 'execArgs' | 'processJson'>;
  clock: Clock;
  log: Logger;
  /** Asked after every end, so it must be cheap: pid and start time of the sandbox process, no call of runsc. */
  sandboxState(handle: SandboxHandle): Promise<SandboxCheck>;
  /** Does the work with the sandbox running; one that is paused (by a bot that died) is woken for it and paused again. */
  whileAwake<T>(handle: SandboxHandle, work: () => Promise<T>): Promise<T>;
  /** Asked after an end that was no success, while the sandbox lives; null when it cannot be measured. */
  measure(handle: SandboxHandle): Promise<ExecMeasurement | null>;
}
