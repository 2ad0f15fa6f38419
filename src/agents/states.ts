import { AppError } from '../errors.ts';
import { escapeLine } from '../lib/escape-text.ts';
import type { AgentInstance, AgentStatus } from '../model/agent.ts';
import type { AgentPatch, StoreTransaction } from '../store/store.ts';

/**
 * ```
 * PENDING  -> CREATING | STOPPED
 * CREATING -> RUNNING | STOPPING (cancelled) | ERROR
 * RUNNING  -> PAUSED | STOPPING | STOPPED (ended by itself, exit 0) | ERROR
 * PAUSED   -> RUNNING | STOPPING | ERROR
 * STOPPING -> STOPPED | ERROR
 * ERROR    -> STOPPING
 * ```
 */
export const AGENT_TRANSITIONS = {
  PENDING: ['CREATING', 'STOPPED'],
  CREATING: ['RUNNING', 'STOPPING', 'ERROR'],
  RUNNING: ['PAUSED', 'STOPPING', 'STOPPED', 'ERROR'],
  PAUSED: ['RUNNING', 'STOPPING', 'ERROR'],
  STOPPING: ['STOPPED', 'ERROR'],
  STOPPED: [],
  ERROR: ['STOPPING'],
} as const satisfies Record<AgentStatus, readonly AgentStatus[]>;

/** True when the table allows the move. */
export function mayMove(from: AgentStatus, to: AgentStatus): boolean {
  const targets: readonly AgentStatus[] = AGENT_TRANSITIONS[from];
  return targets.includes(to);
}

/** What an operation needs, and the word people read for it. */
const REQUIRED = {
  create: { statuses: ['PENDING'], hint: 'Create a new agent.' },
  exec: { statuses: ['RUNNING'], hint: 'Resume it if it is paused, or create a new agent.' },
  pause: { statuses: ['RUNNING'], hint: 'Only a running agent can be paused.' },
  resume: { statuses: ['PAUSED'], hint: 'Only a paused agent can be resumed.' },
  extend: { statuses: ['CREATING', 'RUNNING', 'PAUSED'], hint: 'Create a new agent.' },
} as const satisfies Record<string, { statuses: readonly AgentStatus[]; hint: string }>;

export type GuardedAction = keyof typeof REQUIRED;

/** The one guard. Throws WRONG_STATE with what the agent is and what to do. */
export function requireStatus(action: GuardedAction, agent: Pick<AgentInstance, 'name' | 'status'>): void {
  const { statuses, hint } = REQUIRED[action];
  const allowed: readonly AgentStatus[] = statuses;
  if (allowed.includes(agent.status)) return;
  throw new AppError(
    'WRONG_STATE',
    `cannot ${action} agent ${escapeLine(agent.name)}: it is ${agent.status}, not ${statuses.join(' or ')}`,
    { hint, context: { status: agent.status } },
  );
}

export interface Move {
  to: AgentStatus;
  /** Only from these; default every status the table allows. */
  from?: readonly AgentStatus[];
  /** Only this incarnation: a late result never moves a newer one. */
  containerId?: string | null;
  patch?: AgentPatch;
  reason: string | null;
}

/**
 * The one mover: compare-and-set of the status with its event. Null when the agent is gone, is another incarnation, or
 * the table does not allow the move from where it is now.
 */
export async function moveAgent(
  tx: StoreTransaction,
  agentId: string,
  move: Move,
): Promise<AgentInstance | null> {
  const agent = await tx.agent(agentId);
  if (agent === null || !mayMove(agent.status, move.to)) return null;
  if (move.from !== undefined && !move.from.includes(agent.status)) return null;
  if (move.containerId !== undefined && agent.containerId !== move.containerId) return null;
  const moved = await tx.updateAgent(
    agentId,
    { from: [agent.status], version: agent.version },
    { ...move.patch, status: move.to },
  );
  if (moved === null) return null;
  await tx.appendEvent({
    type: 'agent.status',
    agentId,
    from: agent.status,
    to: move.to,
    reason: move.reason,
  });
  return moved;
}
