import type { ActionStatus } from './action.ts';
import type { AgentStatus } from './agent.ts';
import type { ThreadRef } from './thread.ts';

/** One thing that happened, appended in the transaction that made it so. `seq` has no gaps in commit order. */
export interface EventRecord {
  seq: number;
  at: number;
  body: EventBody;
}

export type EventBody =
  | {
      type: 'agent.status';
      agentId: string;
      from: AgentStatus | null;
      to: AgentStatus;
      reason: string | null;
    }
  | { type: 'agent.changed'; agentId: string; what: string }
  /** A time-to-live or idle stop is near. */
  | { type: 'agent.warning'; agentId: string; reason: 'time-to-live' | 'idle'; stopsAt: number }
  | { type: 'action.status'; actionId: string; from: ActionStatus | null; to: ActionStatus }
  | { type: 'action.vote'; actionId: string; personId: string; decision: 'approve' | 'deny' }
  /** Nobody has decided it, and its time is almost up; once an action. */
  | { type: 'action.expiring'; actionId: string; expiresAt: number }
  /** A text for one thread (an answer that outlived its request, a finding of recovery). */
  | {
      type: 'notice';
      thread: ThreadRef;
      title: string;
      text: string;
      tone: 'neutral' | 'warning' | 'failure';
    }
  /** A text for the team channel. */
  | { type: 'team.notice'; title: string; text: string; tone: 'neutral' | 'warning' | 'failure' };
