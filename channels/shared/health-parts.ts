import type { ChannelHealth } from '../../src/conversation/channel.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { createHealthState, type HealthState } from './health-state.ts';

/** The health of a channel, put together from what can ail on its own: the worst part is told. */
export interface HealthParts<Part extends string> extends Pick<HealthState, 'current' | 'onChange'> {
  report(part: Part, state: ChannelHealth['state'], detail?: string | null): void;
}

const BADNESS = { up: 0, degraded: 1, starting: 2, down: 3 } as const satisfies Record<
  ChannelHealth['state'],
  number
>;

/** Starting, as `first` is, until that is up. */
export function createHealthParts<Part extends string>(
  clock: Pick<Clock, 'now'>,
  first: Part,
): HealthParts<Part> {
  const whole = createHealthState(clock);
  const parts = new Map<Part, { state: ChannelHealth['state']; detail: string | null }>([
    [first, { state: 'starting', detail: null }],
  ]);
  return {
    current: whole.current,
    onChange: whole.onChange,
    report(part, state, detail = null) {
      parts.set(part, { state, detail });
      const [worst] = [...parts.values()].toSorted((a, b) => BADNESS[b.state] - BADNESS[a.state]);
      if (worst !== undefined) whole.set(worst.state, worst.detail);
    },
  };
}
