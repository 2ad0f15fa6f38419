import type { AppError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { RuntimeInfo, SandboxHandle, SandboxSpec } from '../sandbox.ts';
import { createFakeSandbox, type FakeSandbox, SIGKILL } from './fake-sandbox.ts';

export const FAKE_OPERATIONS = [
  'detect',
  'create',
  'exec',
  'executions',
  'kill',
  'pause',
  'resume',
  'stop',
  'remove',
  'inspect',
  'list',
  'stats',
] as const;
export type FakeOperation = (typeof FAKE_OPERATIONS)[number];

/** What goes wrong with the next call of an operation. */
export type FakeFault =
  /** It throws; a create undoes what it made first, as the port says. */
  | { kind: 'fail'; error: AppError }
  /** It does nothing until released (or its signal aborts). */
  | { kind: 'hang' }
  /** It takes this much longer. */
  | { kind: 'slow'; delayMs: number }
  /** The sandbox dies in the middle of it. */
  | { kind: 'die' };

/**
 * The machine on which fake sandboxes live. It is outside any driver: a second driver over the same host finds what the first one
 * left, as after a crash of the bot.
 */
export interface FakeHost {
  readonly clock: Clock;
  readonly sandboxes: Map<string, FakeSandbox>;
  /** Every driver call in order: `create <containerId>`. */
  readonly calls: string[];
  /** Overrides parts of what `detect` says. */
  runtime: Partial<RuntimeInfo>;
  /** The next `times` calls (default 1) of the operation go wrong so. */
  fault(operation: FakeOperation, fault: FakeFault, times?: number): void;
  /** Takes the next fault of an operation; drivers call it. */
  takeFault(operation: FakeOperation): FakeFault | null;
  /** Lets every hanging call go on. */
  release(): void;
  readonly released: Promise<void>;
  /** Resolves when a call of that operation (of that container) has begun; at once if one already has. */
  called(operation: FakeOperation, containerId?: string): Promise<void>;
  record(operation: FakeOperation, containerId: string): void;
  /** Makes the record of a sandbox; null when the id is taken. */
  make(handle: SandboxHandle, spec: SandboxSpec): FakeSandbox | null;
  /** The sandbox's own process is killed from outside. */
  kill(containerId: string): void;
  /**
   * The bot dies: calls of drivers made before never return and their watches are silent. Sandboxes and the commands in
   * them go on.
   */
  crash(): void;
  /** Rises with every crash; a driver of an older one is dead. */
  readonly generation: number;
}

export function createFakeHost({ clock }: { clock: Clock }): FakeHost {
  const faults = new Map<FakeOperation, FakeFault[]>();
  const waiting = new Set<{ matches(call: string): boolean; resolve(): void }>();
  let release = Promise.withResolvers<void>();
  let generation = 0;
  const host: FakeHost = {
    clock,
    sandboxes: new Map(),
    calls: [],
    runtime: {},
    fault(operation, fault, times = 1) {
      const queue = faults.get(operation) ?? [];
      for (let count = 0; count < times; count += 1) queue.push(fault);
      faults.set(operation, queue);
    },
    takeFault: (operation) => faults.get(operation)?.shift() ?? null,
    release() {
      release.resolve();
      release = Promise.withResolvers<void>();
    },
    get released() {
      return release.promise;
    },
    called(operation, containerId) {
      const matches = (call: string) =>
        containerId === undefined ? call.startsWith(`${operation} `) : call === `${operation} ${containerId}`;
      if (host.calls.some(matches)) return Promise.resolve();
      return new Promise((resolve) => {
        waiting.add({ matches, resolve });
      });
    },
    record(operation, containerId) {
      const call = `${operation} ${containerId}`;
      host.calls.push(call);
      for (const one of waiting) {
        if (!one.matches(call)) continue;
        waiting.delete(one);
        one.resolve();
      }
    },
    make(handle, spec) {
      if (host.sandboxes.has(handle.containerId)) return null;
      const sandbox = createFakeSandbox(handle, spec, clock);
      host.sandboxes.set(handle.containerId, sandbox);
      return sandbox;
    },
    kill(containerId) {
      host.sandboxes.get(containerId)?.die({ code: 128 + SIGKILL, cause: 'sandbox-lost' });
    },
    crash() {
      generation += 1;
      for (const sandbox of host.sandboxes.values()) sandbox.watchers.clear();
    },
    get generation() {
      return generation;
    },
  };
  return host;
}
