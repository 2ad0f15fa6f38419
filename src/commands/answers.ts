import type { KeptText, SandboxInfo } from '../agents/types.ts';
import type { ActionRecord } from '../model/action.ts';
import type { AgentInstance } from '../model/agent.ts';
import type { AuditEntry } from '../model/audit.ts';
import type { ChannelHealthRecord } from '../model/channel-health.ts';
import type { EventRecord } from '../model/event.ts';
import type { Role } from '../model/principal.ts';
import type { CommandFacts } from './types.ts';

/** What a query found: facts, no wording. The conversation room makes a card of it; REST and MCP will make JSON. */
export type Answer =
  | { kind: 'help'; root: string; commands: readonly CommandFacts[]; topic: CommandFacts | null }
  /** What somebody of that role may do here. */
  | { kind: 'menu'; root: string; role: Role }
  | {
      kind: 'agents';
      root: string;
      agents: readonly AgentInstance[];
      all: boolean;
      mine: boolean;
      now: number;
    }
  | {
      kind: 'status';
      agent: AgentInstance;
      history: readonly EventRecord[];
      usage: { cpuSeconds: number; memoryBytes: number; processes: number; diskBytes: number } | null;
      /** Newest first. */
      actions: readonly ActionRecord[];
      now: number;
    }
  | {
      kind: 'logs';
      agent: AgentInstance;
      /** Oldest first. */
      entries: readonly { action: ActionRecord; output: KeptText | null }[];
    }
  | {
      kind: 'approvals';
      root: string;
      items: readonly {
        action: ActionRecord;
        agentName: string | null;
        mayVote: boolean;
        why: string | null;
      }[];
      now: number;
    }
  /** Newest first. */
  | { kind: 'audit'; entries: readonly AuditEntry[]; head: { seq: number; hash: string } }
  | {
      kind: 'runtimes';
      info: SandboxInfo;
      /** Null: it has not told yet. */
      channels: readonly { name: string; health: ChannelHealthRecord | null }[];
    }
  /** Which agents a `stop-all` would stop, and how to confirm. */
  | { kind: 'stop-all'; root: string; agents: readonly AgentInstance[] };

/** The answer of one kind. */
export type AnswerOf<Kind extends Answer['kind']> = Extract<Answer, { kind: Kind }>;
