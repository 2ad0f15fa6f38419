import { existsSync } from 'node:fs';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { diskUsage } from '../disks/disk.ts';
import { createExecutor, type Executor } from '../exec/executor.ts';
import type { SweepDeps } from '../exec/sweep.ts';
import { type Freezer, whileAwake } from '../freezing.ts';
import { isAlive } from '../host-processes.ts';
import type { SandboxHandle } from '../sandbox.ts';
import type { EngineClient } from './engine-cli.ts';
import { createEngineEvents, type EngineEvents } from './events.ts';
import { engineExecClient } from './exec-client.ts';
import type { MemoryKills } from './memory-kills.ts';
import type { KataNames } from './parts.ts';
import type { KataPaths } from './paths.ts';
import { type KataRecord, readRecord } from './record.ts';
import { countProcesses } from './stats.ts';

/** What runs commands in the sandboxes of one engine and hears of their ends. */
export interface KataCommands {
  executor: Executor;
  events: EngineEvents;
  freezerOf: (containerId: string) => Freezer;
  /** For a helper of our own inside. */
  helper: (containerId: string) => SweepDeps;
  /** Until it is disposed, the clients of commands are cut off when their sandbox is gone: some never hear of it. */
  abandonWhenLost: (record: KataRecord) => Disposable;
}

/** What a command wrote before its sandbox went is read by then. */
const LOST_GRACE_MS = 500;

export function createKataCommands(deps: {
  client: EngineClient;
  names: KataNames;
  paths: KataPaths;
  memoryKills: MemoryKills;
  clock: Clock;
  log: Logger;
}): KataCommands {
  const { client, names, paths, memoryKills, clock, log } = deps;
  const execClient = engineExecClient(client, (id) => names.container(id));
  const events = createEngineEvents({ client, label: names.label, clock, log });
  const freezerOf = (containerId: string): Freezer => {
    const name = names.container(containerId);
    return {
      status: async () => (await client.inspect(name))?.status,
      freeze: () => client.pause(name),
      thaw: () => client.unpause(name),
    };
  };
  const executionsOf = (containerId: string) => paths.container(containerId).executions;
  const helper = (containerId: string): SweepDeps => ({
    client: execClient,
    containerId,
    executions: executionsOf(containerId),
    clock,
  });

  async function sandboxState({ containerId }: SandboxHandle) {
    const place = paths.container(containerId);
    const record = await readRecord(place);
    const alive = record !== null && (await isAlive(record));
    const kills = await memoryKills.onHost(record);
    const container =
      alive || kills !== null ? null : await client.inspect(names.container(containerId)).catch(() => null);
    return {
      alive,
      stopping: existsSync(place.stopMark),
      outOfMemory: kills ?? (container?.outOfMemory === true ? { engine: 'OOMKilled' } : null),
    };
  }

  const executor = createExecutor({
    client: execClient,
    executionsOf,
    clock,
    log,
    sandboxState,
    killedForMemory: async ({ containerId }) =>
      memoryKills.inGuest(
        client,
        names.container(containerId),
        await readRecord(paths.container(containerId)),
      ),
    whileAwake: ({ containerId }, work) => whileAwake(freezerOf(containerId), work),
    async measure({ containerId }) {
      const place = paths.container(containerId);
      const [record, disk] = await Promise.all([readRecord(place), diskUsage(place.disk).catch(() => null)]);
      if (record === null) return null;
      // The command's own wrapper has gone with it and stood in nobody else's way.
      const processes = await countProcesses(helper(containerId)).then(
        (count) => count + 1,
        () => null,
      );
      return { processes, maxProcesses: record.maxProcesses, disk };
    },
  });

  return {
    executor,
    events,
    freezerOf,
    helper,
    abandonWhenLost(record) {
      let timer: Disposable | null = null;
      const heard = events.listen(record.engineId, (notice) => {
        void isAlive(record).then((alive) => {
          if (alive && notice !== 'died') return;
          timer ??= clock.after(LOST_GRACE_MS, () => executor.abandonAll(record.containerId));
        });
      });
      return {
        [Symbol.dispose]() {
          heard[Symbol.dispose]();
          timer?.[Symbol.dispose]();
        },
      };
    },
  };
}
