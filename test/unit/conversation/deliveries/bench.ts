import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { KeptText } from '../../../../src/agents/types.ts';
import type { Channel } from '../../../../src/conversation/channel.ts';
import { createDeliveries, type Deliveries } from '../../../../src/conversation/deliveries/deliveries.ts';
import { silentLogger } from '../../../../src/lib/logger.ts';
import type { EventBody } from '../../../../src/model/event.ts';
import type { ThreadRef } from '../../../../src/model/thread.ts';
import type { LiveOutput, OutputChunk } from '../../../../src/orchestrator/types.ts';
import { openStore } from '../../../../src/store/sqlite/open-store.ts';
import type { Store, StoreTransaction } from '../../../../src/store/store.ts';
import { createManualClock, type ManualClock } from '../../../fakes/manual-clock.ts';

/** The real store in a directory of its own, a clock that stands still, and deliveries that can be started anew. */
export interface DeliveryBench extends AsyncDisposable {
  readonly store: Store;
  readonly clock: ManualClock;
  /** What running commands have written, by action. */
  readonly live: Map<string, LiveOutput>;
  /** What finished commands have written, by action; an Error is thrown. */
  readonly kept: Map<string, string | Error>;
  readonly teamRooms: ThreadRef[];
  readonly approvalRooms: ThreadRef[];
  start(...channels: readonly Channel[]): Deliveries;
  append(...bodies: readonly EventBody[]): Promise<void>;
  write(work: (tx: StoreTransaction) => Promise<void>): Promise<void>;
  /** A running command writes. */
  output(actionId: string, tail: string, totalBytes: number): void;
  /** Moves time on in steps until everything is shown; how long that took. */
  drain(deliveries: Deliveries, stepMs?: number): Promise<number>;
  /** Moves time on in steps until `done`. */
  until(done: () => boolean | Promise<boolean>, stepMs?: number): Promise<number>;
}

/** More steps than any test needs: it is an error that would never end. */
const MAX_STEPS = 20_000;

export async function createDeliveryBench(): Promise<DeliveryBench> {
  const directory = await mkdtemp(join(tmpdir(), 'airlock-deliveries-'));
  const clock = createManualClock();
  const store = await openStore({ path: join(directory, 'airlock.db'), clock });
  const live = new Map<string, LiveOutput>();
  const kept = new Map<string, string | Error>();
  const listeners = new Set<(chunk: OutputChunk) => void>();
  const teamRooms: ThreadRef[] = [];
  const approvalRooms: ThreadRef[] = [];
  const running: Deliveries[] = [];

  const bench: DeliveryBench = {
    store,
    clock,
    live,
    kept,
    teamRooms,
    approvalRooms,
    start(...channels) {
      const deliveries = createDeliveries({
        store,
        channels,
        agents: {
          keptOutput: async (id): Promise<KeptText | null> => {
            const text = kept.get(id);
            if (text instanceof Error) throw text;
            if (text === undefined) return null;
            return { text, truncated: false, totalBytes: Buffer.byteLength(text), path: `/outputs/${id}` };
          },
        },
        orchestrator: {
          liveOutput: (id) => live.get(id) ?? null,
          onOutput(listener) {
            listeners.add(listener);
            return { [Symbol.dispose]: () => void listeners.delete(listener) };
          },
        },
        clock,
        log: silentLogger,
        teamRooms: () => teamRooms,
        approvalRooms: () => approvalRooms,
        random: () => 0.5,
      });
      running.push(deliveries);
      deliveries.start();
      return deliveries;
    },
    append: (...bodies) =>
      bench.write(async (tx) => {
        for (const body of bodies) await tx.appendEvent(body);
      }),
    write: (work) => store.transaction(work),
    output(actionId, tail, totalBytes) {
      live.set(actionId, { tail: Buffer.from(tail), totalBytes });
      for (const listener of listeners) listener({ actionId, stream: 'stdout', chunk: Buffer.from(tail) });
    },
    async drain(deliveries, stepMs = 50) {
      let done = false;
      const drained = deliveries.drained().then(() => {
        done = true;
      });
      const took = await bench.until(() => done, stepMs);
      await drained;
      return took;
    },
    async until(done, stepMs = 50) {
      const startedAt = clock.now();
      for (let step = 0; step < MAX_STEPS; step += 1) {
        // Everything that is ready runs before time moves on: the store answers within a few turns.
        for (let turn = 0; turn < 20; turn += 1) {
          if (await done()) return clock.now() - startedAt;
          await setImmediate();
        }
        clock.advance(stepMs);
      }
      throw new Error('it never came to an end');
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(running.map((deliveries) => deliveries.stop()));
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return bench;
}
