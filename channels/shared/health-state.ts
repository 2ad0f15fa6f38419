import type { Clock } from '../../src/lib/clock.ts';
import type { ChannelHealth } from '../../src/conversation/channel.ts';

/** The health of one channel, for its implementation. */
export interface HealthState {
  current: () => ChannelHealth;
  /** What stays the same keeps its time and tells nobody. */
  set: (state: ChannelHealth['state'], detail?: string | null) => void;
  onChange: (listener: (health: ChannelHealth) => void) => Disposable;
}

export function createHealthState(clock: Pick<Clock, 'now'>): HealthState {
  const listeners = new Set<(health: ChannelHealth) => void>();
  let health: ChannelHealth = { state: 'starting', detail: null, since: clock.now() };
  return {
    current: () => health,
    set(state, detail = null) {
      if (health.state === state && health.detail === detail) return;
      health = { state, detail, since: health.state === state ? health.since : clock.now() };
      for (const listener of listeners) listener(health);
    },
    onChange(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
}
