import { AppError } from '../errors.ts';
import { ROOT_WORD } from '../lib/root-word.ts';
import { count } from '../lib/format.ts';
import type { AgentInstance } from '../model/agent.ts';
import type { Actor } from '../model/principal.ts';
import type { ThreadRef } from '../model/thread.ts';
import type { StoreTransaction } from '../store/store.ts';
import { maxAgents } from './info.ts';
import type { Room } from './room.ts';
import { moveAgent } from './states.ts';
import type { CreatePlan } from './types.ts';

/** The PENDING record, when there is room for it. Throws TOO_MANY_AGENTS, NAME_TAKEN. */
export async function reserveAgent(
  room: Room,
  tx: StoreTransaction,
  plan: CreatePlan,
  owner: Actor,
  thread: ThreadRef,
): Promise<AgentInstance> {
  const live = await tx.countLiveAgents();
  const most = maxAgents(room);
  if (live >= most) {
    throw new AppError(
      'TOO_MANY_AGENTS',
      `${live} of ${count(most, 'agent')} ${most === 1 ? 'is' : 'are'} live: stop one or raise AIRLOCK_MAX_AGENTS`,
      { hint: `see them with ${ROOT_WORD} list` },
    );
  }
  const { perPerson } = room.policy().limits;
  const own = await tx.agents({ live: true, ownerPerson: owner.personId, limit: perPerson + 1 });
  if (own.length >= perPerson) {
    throw new AppError(
      'TOO_MANY_AGENTS',
      `you have ${own.length} of ${count(perPerson, 'agent')} a person may have`,
      {
        hint: 'stop one of yours, or have an admin raise limits.perPerson in airlock.yaml',
      },
    );
  }
  const now = room.clock.now();
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
    warnings: plan.warnings,
    owner: owner.principal,
    ownerPerson: owner.personId,
    thread,
    nodeId: room.nodeId,
    expiresAt: now + plan.timeToLiveMs,
    lastUsedAt: now,
    warnedAt: null,
    // Nothing has been made yet.
    cleaned: true,
    version: 1,
  };
  await tx.insertAgent(agent);
  await tx.appendEvent({ type: 'agent.status', agentId: agent.id, from: null, to: 'PENDING', reason: null });
  return agent;
}

/** PENDING -> STOPPED: its create will not happen. */
export async function releaseAgent(
  room: Room,
  tx: StoreTransaction,
  agentId: string,
  reason: string,
): Promise<void> {
  const patch = { stoppedAt: room.clock.now(), errorMessage: reason };
  await moveAgent(tx, agentId, { to: 'STOPPED', from: ['PENDING'], reason, patch });
}
