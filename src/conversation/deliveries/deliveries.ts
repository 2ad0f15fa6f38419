import type { AgentManager } from '../../agents/types.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { type ThreadRef, threadKey } from '../../model/thread.ts';
import type { Orchestrator } from '../../orchestrator/types.ts';
import type { Store } from '../../store/store.ts';
import type { Channel } from '../channel.ts';
import { fileOf } from './files.ts';
import { createDeliveryLoop } from './loop.ts';
import { createProjector } from './projector.ts';
import { renderSubject } from './render.ts';
import { createWatchers } from './watchers.ts';

/** After the store failed while events were read. */
const RETRY_MS = 1000;

export interface DeliveriesDeps {
  store: Store;
  channels: readonly Channel[];
  agents: Pick<AgentManager, 'keptOutput'>;
  orchestrator: Pick<Orchestrator, 'liveOutput' | 'onOutput'>;
  clock: Clock;
  log: Logger;
  teamRooms: () => readonly ThreadRef[];
  /** Where approvals that are asked for on another platform are shown too, at most one room a channel. */
  approvalRooms: () => readonly ThreadRef[];
  random: () => number;
}

export interface Deliveries {
  start(): void;
  /** Waits for what is being sent; what is still due is sent after the next start. */
  stop(): Promise<void>;
  /**
   * Resolves when everything that is to be shown by now (in these threads, or anywhere) was handed to its channel or can never
   * be. Live output does not count. Resolves at once when stopped.
   */
  drained(threads?: readonly ThreadRef[]): Promise<void>;
}

/** Cards, derived from events by a stored cursor and sent channel by channel. */
export function createDeliveries(deps: DeliveriesDeps): Deliveries {
  const { store, channels, orchestrator, clock, log, random } = deps;
  const watchers = createWatchers();
  const loops = new Map(
    channels.map((channel) => [
      channel.name,
      createDeliveryLoop({
        store,
        channel,
        clock,
        log,
        random,
        watchers,
        render: (delivery) => renderSubject(deps, delivery.subject, channel.limits),
        attach: (subject) => fileOf(deps, subject, channel.limits),
      }),
    ]),
  );
  const limits = new Map(channels.map((channel) => [channel.name, channel.limits]));
  const projector = createProjector({
    store,
    clock,
    log,
    places: {
      limitsOf: (channel) => limits.get(channel) ?? null,
      teamRooms: deps.teamRooms,
      channels: channels.map(({ name }) => name),
      approvalRoomOf: (name) => deps.approvalRooms().find(({ channel }) => channel === name) ?? null,
    },
    onProjected: (touched) => {
      for (const name of touched) loops.get(name)?.wake();
    },
  });
  let subscriptions: DisposableStack | null = null;
  let retry: Disposable | null = null;

  function project(): void {
    projector.catchUp().catch((error: unknown) => {
      log.error({ err: error }, 'events could not be turned into deliveries');
      retry?.[Symbol.dispose]();
      retry = subscriptions === null ? null : clock.after(RETRY_MS, project);
    });
  }

  const shown = (key: string, seq: number) =>
    watchers.until(key, async () => {
      if (subscriptions === null) return true;
      const delivery = await store.delivery(key);
      return delivery === null || delivery.deadReason !== null || delivery.shownSeq >= seq;
    });

  return {
    start() {
      if (subscriptions !== null) return;
      const stack = new DisposableStack();
      stack.use(store.onCommit(project));
      stack.use(
        orchestrator.onOutput(({ actionId }) => {
          for (const loop of loops.values()) loop.outputCame(actionId);
        }),
      );
      subscriptions = stack;
      for (const loop of loops.values()) loop.start();
      project();
    },
    async stop() {
      subscriptions?.dispose();
      subscriptions = null;
      retry?.[Symbol.dispose]();
      await Promise.all([...loops.values()].map((loop) => loop.stop()));
      watchers.all();
    },
    async drained(threads) {
      if (subscriptions === null) return;
      await projector.catchUp();
      const wanted = threads === undefined ? null : new Set(threads.map(threadKey));
      for (const name of loops.keys()) {
        const open = await store.openDeliveries(name);
        await Promise.all(
          open
            .filter((delivery) => wanted === null || wanted.has(threadKey(delivery.thread)))
            .map((delivery) => shown(delivery.key, delivery.wantedSeq)),
        );
      }
    },
  };
}
