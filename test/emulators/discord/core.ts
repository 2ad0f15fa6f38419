import type { MovingClock } from '../../fakes/moving-clock.ts';
import type { FaultQueue } from './faults.ts';
import type { Problem } from './errors.ts';
import { refuseInvalid } from './errors.ts';
import type { Limits } from './limits.ts';
import type { RestCall, Violation } from './types.ts';
import type { World } from './world.ts';

/** What every part of the emulator works on. */
export interface Core {
  readonly clock: MovingClock;
  readonly limits: Limits;
  readonly world: World;
  readonly faults: FaultQueue;
  readonly calls: RestCall[];
  readonly violations: Violation[];
  /** Ends with the emulator: timers and watchers. */
  readonly stack: DisposableStack;
  botToken: string;
  /** `http://127.0.0.1:port`, known once the server listens. */
  origin: string;
  /** Hands an event to the sessions that listen; false when none has a socket, and those that resume get it then. */
  dispatch: (event: string, data: unknown) => boolean;
  /** Something happened: whoever waits looks again. */
  changed: () => void;
}

/** Writes a broken rule down. */
export function violate(core: Core, route: string, rule: string, detail: string): void {
  core.violations.push({ rule, detail, route, at: core.clock.now() });
}

/** Writes broken rules down and refuses the request with 50035. */
export function requireValid(core: Core, route: string, problems: readonly Problem[]): void {
  for (const { at, rule, message } of problems)
    violate(core, route, rule, at === '' ? message : `${at}: ${message}`);
  refuseInvalid(problems);
}

/** Counts what happens in a moving window. */
export function createWindow(core: Pick<Core, 'clock'>, spanMs: number) {
  const hits = new Map<string, number[]>();
  return {
    /** Counts one and tells how many the window holds and when the oldest leaves it. */
    hit(key: string): { count: number; freeInMs: number } {
      const now = core.clock.now();
      const kept = (hits.get(key) ?? []).filter((at) => at > now - spanMs);
      kept.push(now);
      hits.set(key, kept);
      return { count: kept.length, freeInMs: (kept[0] ?? now) + spanMs - now };
    },
    /** When the oldest that counts leaves the window. */
    freeInMs(key: string): number {
      const now = core.clock.now();
      const oldest = (hits.get(key) ?? []).find((at) => at > now - spanMs) ?? now - spanMs;
      return oldest + spanMs - now;
    },
    count: (key: string) => (hits.get(key) ?? []).filter((at) => at > core.clock.now() - spanMs).length,
  };
}
