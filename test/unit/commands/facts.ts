import type { ActionRecord } from '../../../src/model/action.ts';
import { type AgentInstance, isLive } from '../../../src/model/agent.ts';
import type { Actor } from '../../../src/model/principal.ts';
import type { StoreReads } from '../../../src/store/store.ts';

export const ACTOR: Actor = {
  principal: 'fake:alice',
  personId: 'alice',
  displayName: 'Alice',
  role: 'admin',
  roles: ['admin'],
  persona: false,
  listed: true,
};

/** A running agent with everything at its default. */
export function agent(facts: Partial<AgentInstance> = {}): AgentInstance {
  return {
    id: 'abcdefghijklmnopqrstuvwxyz',
    name: 'box',
    skillId: null,
    image: 'busybox',
    imageDigest: `sha256:${'a'.repeat(64)}`,
    sandboxType: 'gvisor',
    status: 'RUNNING',
    createdAt: 1_700_000_000_000,
    startedAt: 1_700_000_001_000,
    stoppedAt: null,
    containerId: 'c'.repeat(26),
    limits: { cpuCores: 1, memoryMb: 512, diskMb: 1024, networkEnabled: false, maxProcesses: 50 },
    exitCode: null,
    exitCause: null,
    errorMessage: null,
    warnings: [],
    owner: 'fake:alice',
    ownerPerson: 'alice',
    thread: { channel: 'fake', space: 's', room: 'r', thread: null },
    nodeId: 'node1',
    expiresAt: 1_700_028_800_000,
    lastUsedAt: 1_700_000_001_000,
    warnedAt: null,
    cleaned: false,
    version: 1,
    ...facts,
  };
}

/** An exec of `ls -la` that waits for an approval. */
export function action(facts: Partial<ActionRecord> = {}): ActionRecord {
  return {
    id: 'k3x9abcdefgh',
    kind: 'agent.exec',
    status: 'PENDING',
    level: 'HIGH',
    rule: 'network-enabled agent',
    payload: JSON.stringify({
      v: 1,
      kind: 'agent.exec',
      agentId: 'abcdefghijklmnopqrstuvwxyz',
      image: { name: 'busybox', digest: `sha256:${'a'.repeat(64)}` },
      sandboxType: 'gvisor',
      network: false,
      limits: { cpuCores: 1, memoryMb: 512, diskMb: 1024, networkEnabled: false, maxProcesses: 50 },
      params: { command: 'ls -la', timeoutMs: 30_000 },
    }),
    payloadHash: '1a2b3c4d5e6f'.padEnd(64, '0'),
    requester: 'fake:alice',
    requesterPerson: 'alice',
    requesterName: 'Alice',
    persona: false,
    agentId: 'abcdefghijklmnopqrstuvwxyz',
    thread: { channel: 'fake', space: 's', room: 'r', thread: null },
    createdAt: 1_700_000_010_000,
    expiresAt: 1_700_003_610_000,
    approval: { quorum: 2, roles: ['approver', 'admin'], selfApproval: false, verification: 'none' },
    decidedAt: null,
    startedAt: null,
    finishedAt: null,
    result: null,
    error: null,
    nodeId: 'node1',
    ...facts,
  };
}

/** The reads that commands use, over what is given; the others find nothing. */
export function reads(given: {
  agents?: readonly AgentInstance[];
  actions?: readonly ActionRecord[];
}): StoreReads {
  const agents = given.agents ?? [];
  const actions = given.actions ?? [];
  return {
    agent: async (id) => agents.find((found) => found.id === id) ?? null,
    liveAgentByName: async (name) => agents.find((found) => found.name === name && isLive(found)) ?? null,
    agents: async (filter = {}) =>
      agents.filter(
        (found) =>
          (filter.live !== true || isLive(found)) &&
          (filter.statuses === undefined || filter.statuses.includes(found.status)),
      ),
    agentsByIdPrefix: async (prefix) => agents.filter(({ id }) => id.startsWith(prefix)),
    agentByThread: async () => null,
    countLiveAgents: async () => agents.filter(isLive).length,
    action: async (id) => actions.find((found) => found.id === id) ?? null,
    actions: async () => [...actions],
    actionsByIdPrefix: async (prefix) => actions.filter(({ id }) => id.startsWith(prefix)),
    votes: async () => [],
    actionsToExpire: async () => [],
    nextActionExpiry: async () => null,
    actionsToWarn: async () => [],
    nextActionWarning: async () => null,
    eventsAfter: async () => [],
    event: async () => null,
    lastEventSeq: async () => 0,
    statusHistory: async () => [],
    auditHead: async () => ({ seq: 0, hash: '0'.repeat(64) }),
    auditAfter: async () => [],
    auditLast: async () => [],
    inboxEntry: async () => null,
    unsettledInbox: async () => [],
    delivery: async () => null,
    dueDeliveries: async () => [],
    openDeliveries: async () => [],
    nextDeliveryAt: async () => null,
    deadDeliveries: async () => [],
    setting: async () => null,
  };
}
