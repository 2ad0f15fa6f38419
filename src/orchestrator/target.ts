import { AppError } from '../errors.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import type { AgentInstance, AgentStatus } from '../model/agent.ts';
import type { Payload } from './payload.ts';
import type { ActionKind } from './types.ts';

/** In which states an operation makes sense. Stopping makes sense in all: what is stopped is a success. */
const STATUSES: Partial<Record<ActionKind, readonly AgentStatus[]>> = {
  'agent.create': ['PENDING'],
  'agent.exec': ['RUNNING'],
  'agent.pause': ['RUNNING'],
  'agent.resume': ['PAUSED'],
  'agent.extend': ['RUNNING', 'PAUSED'],
};

/** Throws WRONG_STATE with what to do. */
export function checkTargetStatus(kind: ActionKind, agent: Pick<AgentInstance, 'name' | 'status'>): void {
  const allowed = STATUSES[kind];
  if (allowed === undefined || allowed.includes(agent.status)) return;
  throw new AppError(
    'WRONG_STATE',
    `cannot ${kind.slice('agent.'.length)} ${agent.name}: it is ${agent.status}, and that needs ${allowed.join(' or ')}`,
    { hint: nextStep(agent) },
  );
}

/** The agent is still the one people saw: same container, same shape. Throws RECHECK_FAILED. */
export function checkSameTarget(payload: Payload, agent: AgentInstance | null): void {
  if (payload.agentId === null) return;
  if (agent === null) throw changed(`agent ${payload.agentId} is gone`);
  // Every attempt has a container of its own, so the same id means the same sandbox. While it is created there is none yet.
  const seen = payload.containerId;
  if (seen !== null && agent.containerId !== seen) throw changed(`${agent.name} is another sandbox now`);
  const then = {
    image: payload.image,
    sandboxType: payload.sandboxType,
    limits: payload.limits,
    name: payload.kind === 'agent.create' ? payload.params.name : agent.name,
    skillId: payload.kind === 'agent.create' ? payload.params.skillId : agent.skillId,
  };
  const now = {
    image: { name: agent.image, digest: agent.imageDigest },
    sandboxType: agent.sandboxType,
    limits: agent.limits,
    name: agent.name,
    skillId: agent.skillId,
  };
  if (canonicalJson(then) !== canonicalJson(now)) throw changed(`${agent.name} is not what was shown`);
}

function changed(what: string): AppError {
  return new AppError('RECHECK_FAILED', `did not run it: ${what}`, { hint: 'ask for it again' });
}

function nextStep(agent: Pick<AgentInstance, 'name' | 'status'>): string {
  switch (agent.status) {
    case 'PAUSED':
      return `resume it first: resume ${agent.name}`;
    case 'PENDING':
      return 'wait for its approval';
    case 'CREATING':
      return 'wait until it is RUNNING';
    case 'STOPPING':
    case 'STOPPED':
    case 'ERROR':
      return `look at how it ended with: status ${agent.name}; create a new one with: create`;
    case 'RUNNING':
      return `look at it with: status ${agent.name}`;
  }
}
