import { AppError, toAppError } from '../errors.ts';
import { type ActionRecord, TERMINAL_ACTION_STATUSES } from '../model/action.ts';
import type { Store } from '../store/store.ts';

export interface SettledWaits {
  /** Throws ACTION_NOT_FOUND, and SHUTTING_DOWN when the orchestrator stops first. */
  wait(actionId: string, options: { orWaiting: boolean }): Promise<ActionRecord>;
  stop(): void;
}

interface Waiter {
  actionId: string;
  orWaiting: boolean;
  resolve(action: ActionRecord): void;
  reject(error: AppError): void;
}

/** Wakes those who wait for an action, at each commit. */
export function createSettledWaits(deps: { store: Store }): SettledWaits {
  const { store } = deps;
  const waiters = new Set<Waiter>();
  let looking: Promise<void> | null = null;
  let lookAgain = false;
  let stopped = false;
  const subscription = store.onCommit(() => look());

  /** One look at a time; a commit during it asks for another. */
  function look(): void {
    if (waiters.size === 0) return;
    lookAgain = true;
    looking ??= (async () => {
      while (lookAgain) {
        lookAgain = false;
        for (const waiter of waiters) await lookAt(waiter);
      }
    })().finally(() => {
      looking = null;
    });
  }

  async function lookAt(waiter: Waiter): Promise<void> {
    try {
      const action = await store.action(waiter.actionId);
      if (action === null) {
        throw new AppError('ACTION_NOT_FOUND', `there is no action ${waiter.actionId}`);
      }
      if (!TERMINAL_ACTION_STATUSES.has(action.status) && !(waiter.orWaiting && action.status === 'PENDING'))
        return;
      waiters.delete(waiter);
      waiter.resolve(action);
    } catch (error) {
      waiters.delete(waiter);
      waiter.reject(toAppError(error));
    }
  }

  return {
    wait(actionId, { orWaiting }) {
      if (stopped) return Promise.reject(shuttingDown());
      const { promise, resolve, reject } = Promise.withResolvers<ActionRecord>();
      waiters.add({ actionId, orWaiting, resolve, reject });
      look();
      return promise;
    },
    stop() {
      stopped = true;
      subscription[Symbol.dispose]();
      for (const waiter of waiters) waiter.reject(shuttingDown());
      waiters.clear();
    },
  };
}

export function shuttingDown(): AppError {
  return new AppError('SHUTTING_DOWN', 'Airlock is shutting down and takes no more work', {
    hint: 'ask again when it is back',
  });
}
