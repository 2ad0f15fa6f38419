/** Trigger ids: three seconds, one use. */
import { LIFETIMES } from './limits.ts';
import type { World } from './world.ts';

export interface Triggers {
  issue(user: string): string;
  /** The person behind the trigger, which is used up; or the platform's error. */
  exchange(id: string): { user: string } | { error: string };
}

export function createTriggers(world: World): Triggers {
  const issued = new Map<string, { user: string; at: number; used: boolean }>();
  return {
    issue(user) {
      const id = `${issued.size + 1}.${world.team.slice(1)}.${world.id('t').toLowerCase()}`;
      issued.set(id, { user, at: world.clock.now(), used: false });
      return id;
    },
    exchange(id) {
      const trigger = issued.get(id);
      if (trigger === undefined) return { error: 'invalid_trigger_id' };
      if (trigger.used) return { error: 'exchanged_trigger_id' };
      if (world.clock.now() - trigger.at > LIFETIMES.triggerMs) return { error: 'expired_trigger_id' };
      trigger.used = true;
      return { user: trigger.user };
    },
  };
}
