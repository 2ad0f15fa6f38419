import type { AgentManager, CreatePlan, Steps } from '../../src/agents/types.ts';
import { AppError } from '../../src/errors.ts';
import { newAgentId, newContainerId } from '../../src/lib/ids.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { ExecResult } from '../../src/model/action.ts';
import type { AgentInstance, AgentStatus } from '../../src/model/agent.ts';
import type { EndCause } from '../../src/model/ends.ts';
import type { OutputSink } from '../../src/sandboxes/sandbox.ts';
import type { Store, StoreTransaction } from '../../src/store/store.ts';

/** Keeps agents' records as the manager does, and does nothing behind them. */
export interface FakeAgentManager extends AgentManager {
  /** Every operation whose `begin` was committed, in order: `exec <agent> <command>`, `create <agent>`, … */
  readonly began: string[];
  /** Agents told that a command is about to come. */
  readonly expected: string[];
  /** What a command does; by default it ends at once with exit code 0. The promise is how long it runs. */
  onExec: (command: string, sink: OutputSink) => Promise<Partial<ExecResult>>;
  /** Ids of agents that cannot be stopped. */
  readonly unstoppable: Set<string>;
  /** Thrown by the next operation before anything happens. */
  refuseNext: AppError | null;
  maxAgents: number;
  perPerson: number;
}

export function createFakeAgentManager(deps: {
  store: Store;
  clock: Clock;
  nodeId: string;
}): FakeAgentManager {
  const { store, clock } = deps;
  const running = new Map<string, () => void>();
  let names = 0;

  async function operate(
    agentId: string,
    label: string,
    from: readonly AgentStatus[],
    to: AgentStatus,
    steps: Steps,
    patch: Partial<AgentInstance> = {},
  ): Promise<void> {
    refuse();
    await store.transaction(async (tx) => {
      requireAgent(await tx.agent(agentId), from);
      await steps.begin(tx);
    });
    fake.began.push(label);
    await store.transaction(async (tx) => {
      await change(tx, agentId, to, patch);
      await steps.settle(tx, { ok: true, result: {} });
    });
  }

  async function change(tx: StoreTransaction, id: string, to: AgentStatus, patch: Partial<AgentInstance>) {
    const agent = await tx.agent(id);
    if (agent === null) throw new Error(`no agent ${id}`);
    await tx.updateAgent(id, { from: [agent.status] }, { ...patch, status: to });
    await tx.appendEvent({ type: 'agent.status', agentId: id, from: agent.status, to, reason: null });
  }

  function refuse(): void {
    const error = fake.refuseNext;
    fake.refuseNext = null;
    if (error !== null) throw error;
  }

  const fake: FakeAgentManager = {
    began: [],
    expected: [],
    onExec: async () => ({}),
    unstoppable: new Set(),
    refuseNext: null,
    maxAgents: 10,
    perPerson: 10,
    start: async () => ({ adopted: [], lost: [], removed: [], quarantined: [] }),
    stop: async () => {},
    async plan(request): Promise<CreatePlan> {
      names += 1;
      return {
        agentId: newAgentId(),
        name: request.name ?? `agent-${names}`,
        skillId: request.skill?.id ?? null,
        image: request.image ?? 'busybox',
        imageDigest: `sha256:${'a'.repeat(64)}`,
        sandboxType: request.sandboxType ?? request.skill?.sandboxType ?? 'fake',
        limits: {
          cpuCores: 1,
          memoryMb: 512,
          diskMb: 1024,
          networkEnabled: false,
          maxProcesses: 50,
          ...request.limits,
        },
        timeToLiveMs: request.timeToLiveMs ?? 8 * 3_600_000,
        warnings: [],
      };
    },
    async reserve(tx, plan, owner, thread) {
      if ((await tx.countLiveAgents()) >= fake.maxAgents) {
        throw new AppError('TOO_MANY_AGENTS', `${fake.maxAgents} of ${fake.maxAgents} agents are live`);
      }
      const own = await tx.agents({ live: true, ownerPerson: owner.personId });
      if (own.length >= fake.perPerson) {
        throw new AppError('TOO_MANY_AGENTS', `you have ${own.length} of ${fake.perPerson} agents`);
      }
      const now = clock.now();
      const agent: AgentInstance = {
        id: plan.agentId,
        name: plan.name,
        skillId: plan.skillId,
        image: plan.image,
        imageDigest: plan.imageDigest,
        sandboxType: plan.sandboxType,
        status: 'PENDING',
        createdAt: now,
        startedAt: null,
        stoppedAt: null,
        containerId: null,
        limits: plan.limits,
        exitCode: null,
        exitCause: null,
        errorMessage: null,
        warnings: [],
        owner: owner.principal,
        ownerPerson: owner.personId,
        thread,
        nodeId: deps.nodeId,
        expiresAt: now + plan.timeToLiveMs,
        lastUsedAt: now,
        warnedAt: null,
        cleaned: false,
        version: 1,
      };
      await tx.insertAgent(agent);
      return agent;
    },
    async release(tx, agentId) {
      if ((await tx.agent(agentId))?.status !== 'PENDING') return;
      await change(tx, agentId, 'STOPPED', { cleaned: true });
    },
    create: (id, steps) =>
      operate(id, `create ${id}`, ['PENDING'], 'RUNNING', steps, {
        containerId: newContainerId(),
        startedAt: clock.now(),
      }),
    async exec(id, ask, sink, steps) {
      refuse();
      await store.transaction(async (tx) => {
        requireAgent(await tx.agent(id), ['RUNNING']);
        await steps.begin(tx);
      });
      fake.began.push(`exec ${id} ${ask.shell}`);
      const { promise: cancelled, resolve: cancel } = Promise.withResolvers<Partial<ExecResult>>();
      running.set(ask.actionId, () => cancel({ cause: 'cancelled', exitCode: null }));
      const ended = await Promise.race([fake.onExec(ask.shell, sink), cancelled]);
      running.delete(ask.actionId);
      const exec = execResult(ended);
      await store.transaction((tx) => steps.settle(tx, { ok: true, result: { exec } }));
    },
    pause: (id, steps) => operate(id, `pause ${id}`, ['RUNNING', 'PAUSED'], 'PAUSED', steps),
    resume: (id, steps) => operate(id, `resume ${id}`, ['RUNNING', 'PAUSED'], 'RUNNING', steps),
    async stopAgent(id, options, steps) {
      if (!fake.unstoppable.has(id)) {
        const label = `stop ${id}${options.force ? ' by force' : ''}`;
        return operate(
          id,
          label,
          ['PENDING', 'CREATING', 'RUNNING', 'PAUSED', 'ERROR', 'STOPPED'],
          'STOPPED',
          steps,
          {
            cleaned: true,
          },
        );
      }
      await store.transaction((tx) => steps.begin(tx));
      const error = new AppError('CLEANUP_FAILED', 'a mount is left');
      await store.transaction((tx) => steps.settle(tx, { ok: false, error, result: null, status: 'FAILED' }));
    },
    extend: (id, timeToLiveMs, steps) =>
      operate(id, `extend ${id}`, ['RUNNING'], 'RUNNING', steps, {
        expiresAt: clock.now() + timeToLiveMs,
      }),
    expectExec: (agentId) => void fake.expected.push(agentId),
    async cancelExec(actionId) {
      const cancel = running.get(actionId);
      cancel?.();
      return cancel !== undefined;
    },
    info: async () => ({
      runtimes: [],
      defaultType: 'fake',
      preferredType: null,
      live: await store.countLiveAgents(),
      maxAgents: fake.maxAgents,
      running: running.size,
      host: { cpuCores: 2, memoryMb: 4096, freeDiskMb: 10_000 },
    }),
    images: async () => [{ name: 'busybox' }],
    usage: async () => null,
    keptOutput: async () => null,
  };
  return fake;
}

function requireAgent(agent: AgentInstance | null, from: readonly AgentStatus[]): void {
  if (agent !== null && from.includes(agent.status)) return;
  throw new AppError('WRONG_STATE', `the agent is ${agent?.status ?? 'gone'}`);
}

function execResult(ended: Partial<ExecResult>): ExecResult {
  const cause: EndCause = ended.cause ?? 'exited';
  const exitCode = ended.exitCode === undefined ? 0 : ended.exitCode;
  return {
    success: exitCode === 0,
    exitCode,
    cause,
    signal: null,
    hints: [],
    timedOut: cause === 'timed-out',
    truncated: false,
    durationMs: 5,
    stdoutBytes: 0,
    stderrBytes: 0,
    outputFile: null,
    outputSha256: null,
    ...ended,
  };
}
