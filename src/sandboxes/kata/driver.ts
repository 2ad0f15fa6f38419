import { AppError } from '../../errors.ts';
import { diskUsage } from '../disks/disk.ts';
import { endingCommands } from '../exec/ending.ts';
import { pauseSandbox, resumeSandbox } from '../freezing.ts';
import { requireContainerId, requireRecorded } from '../requirements.ts';
import type { DriverContext, SandboxDriver, SandboxStats } from '../sandbox.ts';
import { createKataCommands, type KataCommands } from './commands.ts';
import { createKataSandbox } from './create.ts';
import { detectKata, forgetProof, KATA_TYPE, type KataRuntime } from './detect.ts';
import type { EngineClient } from './engine-cli.ts';
import { engineImages } from './engine-images.ts';
import type { UnprovenRuntime } from './find.ts';
import { inspectKataSandbox } from './inspect.ts';
import { ownedContainers } from './list.ts';
import { createMemoryKills } from './memory-kills.ts';
import { type HostParts, kataNames, type LiveParts } from './parts.ts';
import { kataPaths } from './paths.ts';
import { readRecord } from './record.ts';
import { removeKataSandbox } from './remove.ts';
import { countProcesses, usageOf } from './stats.ts';
import { stopKataSandbox } from './stop.ts';
import { watchKataSandbox } from './watch.ts';

export { KATA_TYPE } from './detect.ts';

/** What a test may put in the place of the host's own. */
export interface KataDriverParts {
  unproven: UnprovenRuntime;
}

/** Runs sandboxes as virtual machines through a container engine. Nothing is made before the first `detect` or `create`. */
export function createKataDriver(
  context: DriverContext,
  parts: Partial<KataDriverParts> = {},
): SandboxDriver {
  const { log, clock } = context;
  const paths = kataPaths(context.dataDir);
  const names = kataNames(context.installationId, context.nodeId);
  const memoryKills = createMemoryKills();
  let detected: Promise<KataRuntime> | null = null;
  let commands: KataCommands | null = null;

  function runtime(refresh = false): Promise<KataRuntime> {
    if (refresh) detected = null;
    detected ??= detectKata({ context, paths, names, ...parts }, refresh);
    return detected;
  }

  async function hostParts(): Promise<HostParts> {
    const { engine } = await runtime();
    return { paths, names, client: engine?.client ?? null, networks: engine?.networks ?? null, log };
  }

  async function liveParts(): Promise<LiveParts> {
    const { live, info } = await runtime();
    if (live !== null) return live;
    throw new AppError('NO_RUNTIME', `no Kata on this host: ${info.missing.join('; ')}`, {
      hint: info.howToGet.join('; '),
    });
  }

  /** For sandboxes that are there; they need an engine and no proof of what would be made now. */
  async function standing(): Promise<KataCommands & { client: EngineClient }> {
    const { engine, info } = await runtime();
    if (engine === null) {
      throw new AppError('NO_RUNTIME', `no container engine on this host: ${info.missing.join('; ')}`, {
        hint: info.howToGet.join('; '),
      });
    }
    const { client } = engine;
    commands ??= createKataCommands({ client, names, paths, memoryKills, clock, log });
    return { ...commands, client };
  }

  return {
    type: KATA_TYPE,
    images: engineImages(async () => (await runtime()).live?.client ?? null),
    detect: async (options = {}) => (await runtime(options.refresh)).info,
    newHandle(containerId) {
      requireContainerId(containerId);
      return { type: KATA_TYPE, nodeId: context.nodeId, containerId, data: {} };
    },
    async create({ containerId }, spec, signal) {
      requireContainerId(containerId);
      const live = await liveParts();
      try {
        const created = await createKataSandbox(live, containerId, spec, signal);
        (await standing()).executor.prepare(containerId);
        return created;
      } catch (error) {
        // Perhaps the host is no longer what was proven: the next start finds out.
        if (!signal.aborted) await forgetProof(context.dataDir);
        throw error;
      }
    },
    async exec(handle, request, sink, signal) {
      const { containerId } = handle;
      const record = requireRecorded(await readRecord(paths.container(containerId)), containerId);
      const { executor, abandonWhenLost } = await standing();
      await memoryKills.begin(record);
      using _lost = abandonWhenLost(record);
      const { name, environment } = record;
      return await executor.exec(handle, request, sink, signal, { name, environment });
    },
    executions: async (handle) => (await standing()).executor.executions(handle),
    kill: async (handle, execId) => (await standing()).executor.kill(handle, execId),
    async pause({ containerId }) {
      const { freezerOf, executor } = await standing();
      await pauseSandbox(containerId, freezerOf(containerId), executor);
    },
    async resume({ containerId }) {
      const { freezerOf, executor } = await standing();
      await resumeSandbox(containerId, freezerOf(containerId), executor);
    },
    async stop({ containerId }, { graceMs }) {
      requireContainerId(containerId);
      if ((await readRecord(paths.container(containerId))) === null) return;
      const { client, executor, helper } = await standing();
      await endingCommands(executor, containerId, graceMs, () =>
        stopKataSandbox(
          { paths, names, client, clock, log, helper: helper(containerId) },
          containerId,
          graceMs,
        ),
      );
    },
    async remove({ containerId }) {
      requireContainerId(containerId);
      const rest = await hostParts();
      const evidence = await endingCommands(commands?.executor ?? null, containerId, 0, () =>
        removeKataSandbox(rest, containerId),
      );
      memoryKills.forget(containerId);
      return evidence;
    },
    async inspect({ containerId }) {
      requireContainerId(containerId);
      const killed = (await memoryKills.onHost(await readRecord(paths.container(containerId)))) !== null;
      return inspectKataSandbox(await hostParts(), containerId, killed);
    },
    async list() {
      const ids = await ownedContainers(await hostParts());
      return ids.map((containerId) => ({ type: KATA_TYPE, nodeId: context.nodeId, containerId, data: {} }));
    },
    async stats({ containerId }): Promise<SandboxStats> {
      const place = paths.container(containerId);
      const [usage, processes, disk] = await Promise.all([
        usageOf(await readRecord(place)),
        countProcesses((await standing()).helper(containerId)),
        diskUsage(place.disk),
      ]);
      // PID 1 and what it waits for are not looked at.
      return { ...usage, processes: processes + 1, diskBytes: disk.usedBytes };
    },
    watch: ({ containerId }, onExit) =>
      watchKataSandbox(
        {
          paths,
          names,
          engine: standing,
          outOfMemory: async (id) =>
            (await memoryKills.onHost(await readRecord(paths.container(id)))) !== null,
          log,
        },
        containerId,
        onExit,
      ),
  };
}
