import { existsSync } from 'node:fs';
import { AppError } from '../../errors.ts';
import { openCgroups, type Cgroups } from '../cgroups.ts';
import { diskUsage } from '../disks/disk.ts';
import { createNetworks, type Networks } from '../networks/network.ts';
import type { DriverContext, SandboxDriver, SandboxHandle, SandboxStats } from '../sandbox.ts';
import { endingCommands } from '../exec/ending.ts';
import { createExecutor, type Executor } from '../exec/executor.ts';
import { COMMAND_USER } from '../exec/request.ts';
import { createSandbox } from './create.ts';
import { detectRuntime, type GvisorRuntime } from './detect.ts';
import { runscExecClient } from './exec-client.ts';
import { isAlive } from '../host-processes.ts';
import { type Freezer, pauseSandbox, resumeSandbox, whileAwake } from '../freezing.ts';
import { requireContainerId, requireRecorded } from '../requirements.ts';
import { allowedByName } from '../unenforced.ts';
import { endCause, inspectSandbox } from './inspect.ts';
import { ownedContainers } from './list.ts';
import { gvisorPaths } from './paths.ts';
import { readRecord } from './record.ts';
import { forgetProbe } from './remembered-probe.ts';
import { removeSandbox, type RemoveParts } from './remove.ts';
import type { RunscClient } from './runsc-cli.ts';
import { stopSandbox } from './stop.ts';
import { watchSandbox } from './watch.ts';

export const GVISOR_TYPE = 'gvisor';

/** What a test may put in the place of the host's own. */
export interface GvisorDriverParts {
  networks: Networks;
  cgroups: Cgroups;
}

/** Runs sandboxes with runsc. Nothing is made before the first `detect` or `create`. */
export function createGvisorDriver(
  context: DriverContext,
  parts: Partial<GvisorDriverParts> = {},
): SandboxDriver {
  const { installationId, environment, log, clock } = context;
  const paths = gvisorPaths(context.dataDir);
  const networks = parts.networks ?? createNetworks({ installationId, log });
  const allowUnenforced = allowedByName(environment);
  let cgroupsOpened = parts.cgroups === undefined ? null : Promise.resolve(parts.cgroups);
  let detected: Promise<GvisorRuntime> | null = null;
  let executor: Executor | null = null;

  function cgroupsOnce(): Promise<Cgroups> {
    cgroupsOpened ??= openCgroups({ installationId });
    return cgroupsOpened;
  }

  function runtime(refresh = false): Promise<GvisorRuntime> {
    if (refresh) detected = null;
    detected ??= cgroupsOnce().then((cgroups) =>
      detectRuntime({ context, paths, cgroups, networks }, refresh),
    );
    return detected;
  }

  /** For what must work without a runtime too: removing and listing. */
  async function removeParts(): Promise<RemoveParts> {
    const [cgroups, { client }] = await Promise.all([cgroupsOnce(), runtime()]);
    return { paths, cgroups, networks, client, log };
  }

  async function liveParts(): Promise<RemoveParts & { client: RunscClient; runtime: GvisorRuntime }> {
    const [rest, found] = await Promise.all([removeParts(), runtime()]);
    if (found.client === null) {
      throw new AppError('NO_RUNTIME', `no gVisor on this host: ${found.info.missing.join('; ')}`, {
        hint: found.info.howToGet.join('; '),
      });
    }
    return { ...rest, client: found.client, runtime: found };
  }

  async function executorOnce(): Promise<Executor> {
    const { client } = await liveParts();
    executor ??= createExecutor({
      client: runscExecClient(client),
      executionsOf: (containerId) => paths.container(containerId).executions,
      clock,
      log,
      sandboxState,
      whileAwake: async ({ containerId }, work) => whileAwake(await freezerOf(containerId), work),
      measure,
    });
    return executor;
  }

  async function sandboxState({ containerId }: SandboxHandle) {
    const place = paths.container(containerId);
    const record = await readRecord(place);
    const alive = record !== null && (await isAlive(record));
    const { cause, evidence } = await endCause({ paths, cgroups: await cgroupsOnce() }, containerId);
    return {
      alive,
      stopping: existsSync(place.stopMark),
      outOfMemory: cause === 'out-of-memory' ? evidence : null,
    };
  }

  async function freezerOf(containerId: string): Promise<Freezer> {
    const { client } = await liveParts();
    return {
      status: async () => (await client.state(containerId))?.status,
      freeze: () => client.pause(containerId),
      thaw: () => client.resume(containerId),
    };
  }

  async function measure({ containerId }: SandboxHandle) {
    const place = paths.container(containerId);
    const [record, disk] = await Promise.all([readRecord(place), diskUsage(place.disk).catch(() => null)]);
    if (record === null) return null;
    const { client } = await liveParts();
    const processes = await client.ps(containerId).then(
      (all) => all.filter(({ uid }) => uid === COMMAND_USER.uid).length,
      () => null,
    );
    return { processes, maxProcesses: record.maxProcesses, disk };
  }

  return {
    type: GVISOR_TYPE,
    detect: async (options = {}) => (await runtime(options.refresh)).info,
    newHandle(containerId) {
      requireContainerId(containerId);
      return { type: GVISOR_TYPE, nodeId: context.nodeId, containerId, data: {} };
    },
    async create({ containerId }, spec, signal) {
      const live = await liveParts();
      const { toolbox, network } = live.runtime;
      try {
        const parts = { ...live, toolbox, network, allowUnenforced, clock };
        const created = await createSandbox(parts, containerId, spec, signal);
        (await executorOnce()).prepare(containerId);
        return created;
      } catch (error) {
        // Perhaps the host is no longer what was proven: the next start finds out.
        if (!signal.aborted) await forgetProbe(context.dataDir);
        throw error;
      }
    },
    // Before its first command nothing is known of a sandbox that an earlier bot made: that one starts as it is told.
    expectExec: ({ containerId }) => executor?.expect(containerId),
    async exec(handle, request, sink, signal) {
      const { containerId } = handle;
      const record = await readRecord(paths.container(containerId));
      const { name, environment: given } = requireRecorded(record, containerId);
      return (await executorOnce()).exec(handle, request, sink, signal, { name, environment: given });
    },
    executions: async (handle) => (await executorOnce()).executions(handle),
    kill: async (handle, execId) => (await executorOnce()).kill(handle, execId),
    async pause({ containerId }) {
      await pauseSandbox(containerId, await freezerOf(containerId), await executorOnce());
    },
    async resume({ containerId }) {
      await resumeSandbox(containerId, await freezerOf(containerId), await executorOnce());
    },
    async stop({ containerId }, { graceMs }) {
      requireContainerId(containerId);
      if ((await readRecord(paths.container(containerId))) === null) return;
      const { client } = await liveParts();
      await endingCommands(executor, containerId, graceMs, () =>
        stopSandbox({ paths, client, log }, containerId, graceMs),
      );
    },
    async remove({ containerId }) {
      requireContainerId(containerId);
      const rest = await removeParts();
      return endingCommands(executor, containerId, 0, () => removeSandbox(rest, containerId));
    },
    async inspect({ containerId }) {
      requireContainerId(containerId);
      return inspectSandbox(await liveParts(), containerId);
    },
    async list() {
      const ids = await ownedContainers(await removeParts());
      return ids.map((containerId) => ({ type: GVISOR_TYPE, nodeId: context.nodeId, containerId, data: {} }));
    },
    async stats({ containerId }): Promise<SandboxStats> {
      const { client, cgroups } = await liveParts();
      const [usage, processes, disk] = await Promise.all([
        cgroups.usage(containerId),
        client.ps(containerId),
        diskUsage(paths.container(containerId).disk),
      ]);
      return { ...usage, processes: processes.length, diskBytes: disk.usedBytes };
    },
    watch: ({ containerId }, onExit) =>
      watchSandbox({ paths, cgroups: cgroupsOnce, clock, log }, containerId, onExit),
  };
}
