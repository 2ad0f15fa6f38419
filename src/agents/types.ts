/** What the rooms above know of the agents room. */
import type { AppError } from '../errors.ts';
import type { ActionResult } from '../model/action.ts';
import type { AgentInstance, ResourceLimits } from '../model/agent.ts';
import type { Actor } from '../model/principal.ts';
import type { ThreadRef } from '../model/thread.ts';
import type { OutputSink, RuntimeInfo } from '../sandboxes/sandbox.ts';
import type { StoreTransaction } from '../store/store.ts';

/** What a person asked for; everything left out gets its default. */
export interface CreateRequest {
  name?: string;
  skill?: AskedSkill;
  image?: string;
  sandboxType?: string;
  limits?: Partial<ResourceLimits>;
  /** Default 8 h. */
  timeToLiveMs?: number;
}

/** A skill that there is, as far as making its agent is concerned. */
export interface AskedSkill {
  id: string;
  /** The only type of sandbox that will do. */
  sandboxType?: string;
}

/** Resolved and validated, before any transaction; goes into the payload as it is. */
export interface CreatePlan {
  agentId: string;
  /** The asked name, or a memorable free one. */
  name: string;
  skillId: string | null;
  image: string;
  imageDigest: string;
  sandboxType: string;
  limits: ResourceLimits;
  timeToLiveMs: number;
  /** What whoever approves it must know of this host, such as a weaker network. */
  warnings: readonly string[];
}

/**
 * What the caller puts into the transactions of an operation. `begin` runs in the first one (APPROVED -> EXECUTING is there; a
 * throw stops everything before anything happened); `settle` runs exactly once in the last one.
 */
export interface Steps {
  begin(tx: StoreTransaction): Promise<void>;
  settle(tx: StoreTransaction, outcome: StepOutcome): Promise<void>;
}
export type StepOutcome =
  | { ok: true; result: ActionResult }
  | { ok: false; error: AppError; result: ActionResult | null; status: 'FAILED' | 'CANCELLED' | 'UNKNOWN' };

export interface ExecAsk {
  /** The action's id names the output file. */
  actionId: string;
  /** One line for `sh -c`, as typed. */
  shell: string;
  timeoutMs: number;
}

export interface ImageChoice {
  name: string;
  /** Only with this `--sandbox`; left out where a create without one can have it. */
  sandbox?: string;
}

export interface SandboxInfo {
  runtimes: readonly RuntimeInfo[];
  /** What a create without a sandbox type gets; null when it is refused. */
  defaultType: string | null;
  /** What the policy file prefers, there or not. */
  preferredType: string | null;
  live: number;
  maxAgents: number;
  running: number;
  host: { cpuCores: number; memoryMb: number; freeDiskMb: number };
}

/** What recovery did, for the log, the audit and the operator. */
export interface RecoveryReport {
  adopted: readonly string[];
  lost: readonly string[];
  removed: readonly string[];
  quarantined: readonly string[];
}

export interface AgentManager {
  /**
   * Reconciles records with what is there, then watches, reaps and enforces time-to-live. When it resolves, every agent's
   * record says what was seen, so the orchestrator can settle actions caught in EXECUTING by reading it.
   */
  start(): Promise<RecoveryReport>;
  /** Ends watches and running commands; `stop` also stops every live agent. Twice is once. */
  stop(onExit: 'stop' | 'leave'): Promise<void>;

  /** Throws NO_RUNTIME, IMAGE_NOT_FOUND, INVALID_INPUT, INVALID_LIMIT, INVALID_NAME, HOST_CAPACITY. No side effects. */
  plan(request: CreateRequest): Promise<CreatePlan>;
  /** Inserts the PENDING record with its event. Throws TOO_MANY_AGENTS, NAME_TAKEN. */
  reserve(tx: StoreTransaction, plan: CreatePlan, owner: Actor, thread: ThreadRef): Promise<AgentInstance>;
  /** PENDING -> STOPPED when the create will not happen. Success when it is no longer PENDING. */
  release(tx: StoreTransaction, agentId: string, reason: string): Promise<void>;

  /** The operations: each rejects only when `begin` threw (nothing happened); else `settle` told the outcome. */
  create(agentId: string, steps: Steps): Promise<void>;
  exec(agentId: string, ask: ExecAsk, sink: OutputSink, steps: Steps): Promise<void>;
  pause(agentId: string, steps: Steps): Promise<void>;
  resume(agentId: string, steps: Steps): Promise<void>;
  stopAgent(agentId: string, options: { force: boolean; reason: string }, steps: Steps): Promise<void>;
  extend(agentId: string, timeToLiveMs: number, steps: Steps): Promise<void>;

  /** A command for it is about to come: its sandbox gets ready meanwhile, when nobody else waits for the runtime. Nothing is run. */
  expectExec(agentId: string): void;
  /** Ends a running command with cause `cancelled`. False when it is not running here. */
  cancelExec(actionId: string): Promise<boolean>;
  info(): Promise<SandboxInfo>;
  /** What a create can ask for, the default first. */
  images(): Promise<readonly ImageChoice[]>;
  /** Usage of a live agent; null when it cannot be read. */
  usage(
    agentId: string,
  ): Promise<{ cpuSeconds: number; memoryBytes: number; processes: number; diskBytes: number } | null>;
  /** The kept output of an exec action (interleaved as it came, gap marked); null when there is none or it has aged out. */
  keptOutput(actionId: string): Promise<KeptText | null>;
}

export interface KeptText {
  /** UTF-8 decoded with replacement, not yet escaped. */
  text: string;
  truncated: boolean;
  totalBytes: number;
  path: string;
}
