import path from 'node:path';
import { createFifoPool, type FifoPool } from '../../lib/fifos.ts';
import type { EndCause } from '../../model/ends.ts';
import { createExpectedClient, type ExpectedClient, type ExpectedClientDeps } from './expected-client.ts';
import { listExecRecords } from './record.ts';
import type { ExecClock } from './exec-clock.ts';

/** Why Airlock itself ends a command. */
export type EndReason = Extract<EndCause, 'timed-out' | 'cancelled' | 'stopped'>;

/** One command between its registration and its outcome. */
export interface LiveExec {
  readonly execId: string;
  /** Epoch milliseconds of the client's start until the command's own start is known. */
  startedAt: number;
  pid: number | null;
  /** Another command was running at some time since this one started. */
  overlapped: boolean;
  clock: ExecClock;
  /** The first reason counts; later ones change nothing, but `stopped` also calls a sweep off that waits. */
  requestEnd(reason: EndReason): void;
  /** Gives the client up; the outcome comes with what is known. */
  abandon(): void;
  /** Resolves when the outcome or the error is there. Never rejects. */
  settled: Promise<void>;
}

/** What the executor knows of one container; only in memory, rebuilt empty after a restart. */
export interface ContainerExecs {
  readonly executions: string;
  readonly pipes: FifoPool;
  readonly expected: ExpectedClient;
  readonly live: Map<string, LiveExec>;
  readonly paused: boolean;
  add(exec: LiveExec): void;
  remove(exec: LiveExec): void;
  /** First processes of commands, running or ended, of this bot and of the one before, without `ownPid`. */
  otherPids(ownPid: number | null): Promise<ReadonlySet<number>>;
  /** Two helpers at once could freeze each other. */
  oneSweepAtATime<T>(sweep: () => Promise<T>): Promise<T>;
  setPaused(paused: boolean): void;
  /** Resolves at once unless paused, else at the resume. */
  whenRunning(): Promise<void>;
}

/** Sessions of ended commands live as long as their daemons do; so many are remembered. */
const MAX_REMEMBERED_PIDS = 512;

export function createContainerExecs(deps: Omit<ExpectedClientDeps, 'pipes'>): ContainerExecs {
  const { executions } = deps;
  const pipes = createFifoPool(path.join(executions, 'pipes'));
  const expected = createExpectedClient({ ...deps, pipes });
  const live = new Map<string, LiveExec>();
  const endedPids: number[] = [];
  let lastSweep: Promise<unknown> = Promise.resolve();
  let resumed: PromiseWithResolvers<void> | null = null;
  return {
    executions,
    pipes,
    expected,
    live,
    get paused() {
      return resumed !== null;
    },
    add(exec) {
      exec.overlapped = live.size > 0;
      for (const other of live.values()) other.overlapped = true;
      live.set(exec.execId, exec);
      if (resumed !== null) exec.clock.pause();
    },
    remove(exec) {
      live.delete(exec.execId);
      if (exec.pid !== null) endedPids.push(exec.pid);
      if (endedPids.length > MAX_REMEMBERED_PIDS) endedPids.shift();
    },
    async otherPids(ownPid) {
      const recorded = await listExecRecords(executions);
      const pids = new Set(endedPids);
      for (const { pid } of [...live.values(), ...recorded]) if (pid !== null) pids.add(pid);
      if (ownPid !== null) pids.delete(ownPid);
      return pids;
    },
    async oneSweepAtATime(sweep) {
      const mine = lastSweep.then(sweep);
      lastSweep = mine.catch(() => undefined);
      return await mine;
    },
    setPaused(paused) {
      if (paused === (resumed !== null)) return;
      for (const exec of live.values()) {
        if (paused) exec.clock.pause();
        else exec.clock.resume();
      }
      // One that saw the sandbox paused would refuse to start anything in it later.
      if (paused) void expected.discard();
      resumed?.resolve();
      resumed = paused ? Promise.withResolvers<void>() : null;
    },
    async whenRunning() {
      await resumed?.promise;
    },
  };
}
