import { afterEach, beforeEach, describe } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import type { ManualClock } from '../fakes/manual-clock.ts';
import { describeActions } from './store/actions.ts';
import { describeAgents } from './store/agents.ts';
import { describeDeliveries } from './store/deliveries.ts';
import { describeLogs } from './store/logs.ts';
import { describeTransactions } from './store/transactions.ts';

/** A store of its own for one test. */
export interface StoreHarness {
  readonly store: Store;
  readonly clock: ManualClock;
  /** Closes it and opens it again on the same data. */
  reopen(): Promise<Store>;
  /** Closes it and removes the data. */
  dispose(): Promise<void>;
}

/** What every implementation of the Store port has to do. */
export function describeStore(name: string, createHarness: () => Promise<StoreHarness>): void {
  describe(`the store contract on ${name}`, () => {
    let harness: StoreHarness;
    beforeEach(async () => {
      harness = await createHarness();
    });
    afterEach(() => harness.dispose());

    const current = () => harness;
    describeTransactions(current);
    describeAgents(current);
    describeActions(current);
    describeLogs(current);
    describeDeliveries(current);
  });
}
