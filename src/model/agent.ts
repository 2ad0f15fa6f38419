import type { EndCause } from './ends.ts';
import type { PrincipalId } from './principal.ts';
import type { ThreadRef } from './thread.ts';

export const AGENT_STATUSES = [
  'PENDING',
  'CREATING',
  'RUNNING',
  'PAUSED',
  'STOPPING',
  'STOPPED',
  'ERROR',
] as const;
export type AgentStatus = (typeof AGENT_STATUSES)[number];

export interface ResourceLimits {
  /** CPU cores, fractions allowed. Default 1. */
  cpuCores: number;
  /** MiB. Default 512. */
  memoryMb: number;
  /** MiB, shared by /, /workspace and /tmp. Default 1024. */
  diskMb: number;
  /** Default false: no network at all. */
  networkEnabled: boolean;
  /** Processes of the commands' user inside the sandbox. Default 50. */
  maxProcesses: number;
}

/** One sandboxed instance. Times are epoch milliseconds; null = has not happened. */
export interface AgentInstance {
  /** 26 characters `[a-z0-9]`, random, starts with a letter. */
  id: string;
  /** Memorable, unique among live agents. */
  name: string;
  skillId: string | null;
  /** The image's name as asked, and its digest as resolved at submit. */
  image: string;
  imageDigest: string;
  /** A driver's type from the registry. */
  sandboxType: string;
  status: AgentStatus;
  createdAt: number;
  startedAt: number | null;
  stoppedAt: number | null;
  /** 26 characters, a new one for every attempt; written down before the runtime is called. Null before the first. */
  containerId: string | null;
  limits: ResourceLimits;
  exitCode: number | null;
  exitCause: EndCause | null;
  errorMessage: string | null;
  /** Announced on every card, for example a limit that is not in force because the operator allowed it. */
  warnings: readonly string[];
  owner: PrincipalId;
  ownerPerson: string;
  /** Where the agent is discussed. `thread: null` until its thread is opened. */
  thread: ThreadRef;
  nodeId: string;
  /** Time-to-live: the agent is stopped then. */
  expiresAt: number;
  lastUsedAt: number;
  /** When the coming time-to-live or idle stop was announced; null when none is pending. */
  warnedAt: number | null;
  /** True when ERROR or STOPPED is reached and the runtime side is verified gone; the reaper works while false. */
  cleaned: boolean;
  /** Rises with every change; compare-and-set checks it. */
  version: number;
}

/** Live = counts against the capacity and holds its name. */
export function isLive(agent: Pick<AgentInstance, 'status' | 'cleaned'>): boolean {
  return agent.status === 'ERROR' ? !agent.cleaned : agent.status !== 'STOPPED';
}
