import { createAgentManager } from '../src/agents/manager.ts';
import { createPolicySource } from '../src/config/policy-source.ts';
import { systemClock as clock } from '../src/lib/clock.ts';
import { silentLogger as log } from '../src/lib/logger.ts';
import type { ThreadRef } from '../src/model/thread.ts';
import { createOrchestrator } from '../src/orchestrator/orchestrator.ts';
import { createPeople } from '../src/orchestrator/people.ts';
import type { ActionDraft } from '../src/orchestrator/types.ts';
import { openCgroups } from '../src/sandboxes/cgroups.ts';
import { createGvisorDriver } from '../src/sandboxes/gvisor/driver.ts';
import { createImageStore } from '../src/sandboxes/images/image-store.ts';
import { createSkillRegistry } from '../src/skills/registry.ts';
import { openDataDirectory } from '../src/store/sqlite/data-directory.ts';
import { openStore } from '../src/store/sqlite/open-store.ts';
import { benchConfig } from './bench-config.ts';

const ROOM: ThreadRef = { channel: 'terminal', space: 'local', room: 'local', thread: null };

/** Orchestrator, audit, store, agents and gVisor, without conversation and channels: what the budgets of actions mean. */
export interface BenchCore extends AsyncDisposable {
  dataDir: string;
  /** Submits and waits until the outcome is durable; throws when it did not come out well. Milliseconds. */
  act(draft: ActionDraft): Promise<number>;
}

export async function startBenchCore(): Promise<BenchCore> {
  await using opened = new AsyncDisposableStack();
  const { config, env } = await benchConfig(opened);
  const data = await openDataDirectory(config.dataDir);
  opened.defer(() => data.close());
  const store = await openStore({ path: data.databasePath, dataDir: data.path, clock, log });
  opened.defer(() => store.close());
  const { path: dataDir, installationId: nodeId } = data;
  opened.defer(async () => (await openCgroups({ installationId: data.installationId })).removeParent());
  const policy = createPolicySource({ config, log });
  const images = createImageStore({ dataDir, images: {}, defaultImage: policy.current().defaultImage, log });
  const context = { dataDir, installationId: nodeId, nodeId, environment: env, log, clock };
  const drivers = [createGvisorDriver(context)];
  const agents = createAgentManager({ store, drivers, images, config, policy, clock, log, nodeId, dataDir });
  const people = createPeople({ policy, admins: [], channels: config.channels });
  const { environment } = config;
  const skills = createSkillRegistry();
  const orchestrator = createOrchestrator({
    store,
    agents,
    policy,
    people,
    skills,
    environment,
    clock,
    log,
    nodeId,
  });
  opened.defer(() => agents.stop('stop'));
  await agents.start();
  opened.defer(() => orchestrator.stop());
  await orchestrator.start();
  const actor = people.resolve({ principal: 'terminal:local', displayName: 'bench', groups: [] });
  const all = opened.move();
  return {
    dataDir,
    async act(draft) {
      const started = performance.now();
      const { id } = await orchestrator.submit(draft, { actor, thread: ROOM, inboxId: null });
      const { status, error } = await orchestrator.settled(id);
      if (status !== 'COMPLETED') throw new Error(`${draft.kind} ended ${status}: ${error?.message ?? ''}`);
      return performance.now() - started;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
