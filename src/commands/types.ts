/** What a command is. Every surface (chat, terminal, typed options, later REST and MCP) uses the same definitions. */
import type { z } from 'zod';
import type { AgentManager } from '../agents/types.ts';
import type { Clock } from '../lib/clock.ts';
import type { ActionRecord } from '../model/action.ts';
import type { AgentStatus } from '../model/agent.ts';
import type { Actor, Role } from '../model/principal.ts';
import type { ThreadRef } from '../model/thread.ts';
import type { ActionDraft, Orchestrator } from '../orchestrator/types.ts';
import type { StoreReads } from '../store/store.ts';
import type { Answer } from './answers.ts';

/** Where completions for a word come from. */
export type CompletionSource =
  | { from: 'agents'; statuses: readonly AgentStatus[] | 'live' | 'any' }
  /** Waiting for this person's vote, or this person's own that can be taken back. */
  | { from: 'approvals' | 'cancellable' }
  | { from: 'images' | 'sandboxes' | 'skills' | 'commands' }
  | { from: 'values'; values: readonly string[] };

export interface Positional {
  name: string;
  summary: string;
  optional: boolean;
  completes: CompletionSource | null;
  /** Surfaces with typed options ask for a number of 0 or more. Default: a word. */
  number?: 'whole' | 'decimal';
}

export interface Option {
  /** Without the dashes. */
  name: string;
  summary: string;
  /** How the value is written in the usage line (`512m`); null for a flag. */
  value: string | null;
  completes: CompletionSource | null;
  /** As of {@link Positional}. */
  number?: 'whole' | 'decimal';
}

/** Everything after the positionals and options, as typed. */
export interface Rest {
  name: string;
  summary: string;
  optional: boolean;
  /** `command-line` is passed on to the last byte and shown with `--` in the usage line. */
  kind: 'command-line' | 'text';
}

export interface Grammar {
  positionals: readonly Positional[];
  options: readonly Option[];
  rest: Rest | null;
}

/** Words by the names of the grammar, before zod: strings as typed, true for flags; typed surfaces give numbers too. */
export type RawArguments = Readonly<Record<string, unknown>>;

/** What a command led to. The caller carries it out or shows it. */
export type CommandOutcome =
  | { type: 'action'; draft: ActionDraft }
  | { type: 'vote'; actionId: string; decision: 'approve' | 'deny'; hash: string | null; note: string | null }
  | { type: 'cancel'; actionId: string }
  /** The card of an action with everything on it; given is read, where an approval asks for that. */
  | { type: 'view'; action: ActionRecord }
  | { type: 'answer'; answer: Answer };

/** What a command may look at. It changes nothing itself. */
export interface CommandContext {
  actor: Actor;
  thread: ThreadRef;
  /** The root command as people type it where they asked: `/agent`. */
  root: string;
  store: StoreReads;
  agents: Pick<AgentManager, 'info' | 'usage' | 'keptOutput'>;
  orchestrator: Pick<Orchestrator, 'approvalsFor' | 'countQuery' | 'mayVote'>;
  clock: Clock;
}

export interface CommandFacts {
  name: string;
  /** One line, a verb first. */
  summary: string;
  grammar: Grammar;
  /** The lowest role that may use it. Queries are refused here, actions and votes by the orchestrator (with audit). */
  role: Role;
  /** `query` only looks; the others go through the orchestrator. */
  effect: 'query' | 'action' | 'vote';
  /** The form that is its first answer (Discord must know beforehand); null = none. */
  opens: 'run' | 'deny' | 'approve' | null;
  /** Whether the first answer is for the asker alone or for the thread. */
  visibility: 'private' | 'thread';
  /** What follows the root command, ready to be typed. */
  examples: readonly string[];
}

export interface CommandSpec<Params> extends CommandFacts {
  params: z.ZodType<Params>;
  run(params: Params, context: CommandContext): CommandOutcome | Promise<CommandOutcome>;
}

/** A command with its parameter type closed over. */
export interface Command extends CommandFacts {
  params: z.ZodType;
  /** Parses with zod, then runs. Throws AppError INVALID_INPUT or INVALID_LIMIT with the value and what to write. */
  run(raw: RawArguments, context: CommandContext): Promise<CommandOutcome>;
}
