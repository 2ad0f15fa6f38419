import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createAgentManager } from '../../../src/agents/manager.ts';
import type { AgentManager, CreateRequest, StepOutcome, Steps } from '../../../src/agents/types.ts';
import type { Images } from '../../../src/agents/room.ts';
import { environmentSchema, policyFileSchema } from '../../../src/config/schema.ts';
import { AppError } from '../../../src/errors.ts';
import type { Clock } from '../../../src/lib/clock.ts';
import { randomId } from '../../../src/lib/ids.ts';
import { type Logger, silentLogger } from '../../../src/lib/logger.ts';
import type { AgentInstance } from '../../../src/model/agent.ts';
import type { Actor } from '../../../src/model/principal.ts';
import { createFakeDriver } from '../../../src/sandboxes/fake/fake-driver.ts';
import { createFakeHost, type FakeHost } from '../../../src/sandboxes/fake/fake-host.ts';
import type { DriverImages, SandboxDriver, SandboxImage } from '../../../src/sandboxes/sandbox.ts';
import { openStore } from '../../../src/store/sqlite/open-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { createManualClock, type ManualClock } from '../../fakes/manual-clock.ts';

export const ALICE: Actor = {
  principal: 'terminal:local',
  personId: 'alice',
  displayName: 'Alice',
  role: 'admin',
  roles: ['admin'],
  persona: false,
  listed: true,
};
export const THREAD = { channel: 'terminal', space: 'local', room: 'main', thread: null };
const IMAGE: SandboxImage = { name: 'busybox', digest: `sha256:${'a'.repeat(64)}`, rootfs: '/fake/busybox' };

/** What the transactions of one operation were told. */
export interface Told extends Steps {
  begun: number;
  outcomes: StepOutcome[];
}

/** Records; `begin` may be made to throw. */
export function told(beginError?: Error): Told {
  const steps: Told = {
    begun: 0,
    outcomes: [],
    async begin() {
      if (beginError !== undefined) throw beginError;
      steps.begun += 1;
    },
    async settle(_tx, outcome) {
      steps.outcomes.push(outcome);
    },
  };
  return steps;
}

export interface World extends AsyncDisposable {
  clock: ManualClock;
  host: FakeHost;
  store: Store;
  dataDir: string;
  /** The bot of the moment. */
  readonly manager: AgentManager;
  /** The bot dies at once: nothing of it writes, calls or wakes any more. A new one is there, not yet started. */
  crash(): AgentManager;
  /** A reserved agent, PENDING. */
  reserve(request?: CreateRequest): Promise<AgentInstance>;
  /** A running agent. */
  agent(request?: CreateRequest): Promise<AgentInstance>;
  record(agentId: string): Promise<AgentInstance>;
  statuses(agentId: string): Promise<string[]>;
  exec(agentId: string, shell: string, timeoutMs?: number): Command;
}

export interface Command {
  actionId: string;
  steps: Told;
  started: Promise<void>;
  ended: Promise<void>;
  said(text: string): Promise<void>;
}

export async function createWorld(
  options: {
    environment?: Record<string, string>;
    policy?: object;
    nodeId?: string;
    log?: Logger;
    /** Drivers in order of preference; default the one fake. */
    runtimes?: readonly { type: string; available: boolean; missing: string[] }[];
    /** By the type of the driver whose engine has them. */
    engineImages?: Record<string, DriverImages>;
  } = {},
): Promise<World> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'airlock-agents-'));
  const clock = createManualClock();
  const host = createFakeHost({ clock });
  const store = await openStore({ path: path.join(dataDir, 'airlock.db'), clock });
  let bot = startBot();

  function startBot() {
    const life = { over: false };
    const manager = createAgentManager({
      store: mortalStore(store, life),
      drivers: drivers(),
      images: images(),
      config: {
        environment: environmentSchema.parse(options.environment ?? {}),
        policy: policyFileSchema.parse(options.policy ?? {}),
      },
      clock: mortalClock(clock, life),
      log: options.log ?? silentLogger,
      nodeId: 'node-1',
      dataDir,
    });
    return { life, manager };
  }

  /** Everything is there, but where an engine is asked too. */
  function images(): Images {
    const all = options.engineImages === undefined;
    const found = async (there: boolean, what: string) => {
      if (all || there) return IMAGE;
      throw new AppError('IMAGE_NOT_FOUND', `no image ${what}`);
    };
    return {
      resolve: (name = IMAGE.name) => found(name === IMAGE.name, JSON.stringify(name)),
      byDigest: (digest) => found(digest === IMAGE.digest, digest),
      knows: (name) => all || name === IMAGE.name,
      list: async () => [IMAGE],
    };
  }

  function drivers(): SandboxDriver[] {
    const fake = createFakeDriver({ host, nodeId: 'node-1' });
    if (options.runtimes === undefined) return [fake];
    return options.runtimes.map((runtime) => ({
      ...fake,
      type: runtime.type,
      ...(options.engineImages?.[runtime.type] === undefined
        ? {}
        : { images: options.engineImages[runtime.type] }),
      detect: async () => ({ ...(await fake.detect()), ...runtime }),
    }));
  }

  const world: World = {
    clock,
    host,
    store,
    dataDir,
    get manager() {
      return bot.manager;
    },
    crash() {
      bot.life.over = true;
      host.crash();
      bot = startBot();
      return bot.manager;
    },
    async reserve(request = {}) {
      const plan = await bot.manager.plan(request);
      return await store.transaction((tx) => bot.manager.reserve(tx, plan, ALICE, THREAD));
    },
    async agent(request = {}) {
      const { id } = await world.reserve(request);
      await bot.manager.create(id, told());
      return await world.record(id);
    },
    async record(agentId) {
      const agent = await store.agent(agentId);
      if (agent === null) throw new Error(`no agent ${agentId}`);
      return agent;
    },
    async statuses(agentId) {
      const events = await store.statusHistory({ agentId });
      return events.map(({ body }) => (body.type === 'agent.status' ? body.to : body.type));
    },
    exec(agentId, shell, timeoutMs = 30_000) {
      const steps = told();
      const actionId = randomId(12);
      const started = Promise.withResolvers<void>();
      let output = '';
      const ended = bot.manager.exec(
        agentId,
        { actionId, shell, timeoutMs },
        {
          write: async (_stream, chunk) => {
            output += Buffer.from(chunk).toString();
          },
          started: started.resolve,
        },
        steps,
      );
      return {
        actionId,
        steps,
        started: started.promise,
        ended,
        said: (text) => eventually(() => output.includes(text)),
      };
    },
    async [Symbol.asyncDispose]() {
      host.release();
      await bot.manager.stop('leave');
      await store.close();
      await rm(dataDir, { recursive: true });
    },
  };
  return world;
}

/** Turns of the event loop a condition may need; far more than any case takes. */
const MAX_TURNS = 20_000;

/** Waits, turn by turn of the event loop and without a clock, until the condition holds. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < MAX_TURNS; turn += 1) {
    if (await condition()) return;
    await new Promise(setImmediate);
  }
  throw new Error('the condition never held');
}

const never = <T>(): Promise<T> => new Promise(() => undefined);

/** A dead bot commits nothing: its transactions never begin. */
function mortalStore(store: Store, life: { over: boolean }): Store {
  return {
    ...store,
    transaction: async (work) =>
      life.over ? await never() : await store.transaction((tx) => (life.over ? never() : work(tx))),
  };
}

function mortalClock(clock: Clock, life: { over: boolean }): Clock {
  return {
    ...clock,
    after: (delayMs, work) =>
      clock.after(delayMs, () => {
        if (!life.over) work();
      }),
  };
}
